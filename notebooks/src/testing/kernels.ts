import { join, resolve } from "node:path";
import { workspaceRoot } from "../session/workspace.js";

/** Where the set-up has put Jupyter (`python`) and the notebook kernels (`kernels`). */
export const jupyterFolder = (...parts: readonly string[]): string =>
  join(resolve(process.env["DUALPATH_JUPYTER"] ?? join(workspaceRoot(), ".dualpath", "jupyter")), ...parts);
