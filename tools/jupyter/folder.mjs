import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

/** Where Jupyter and its kernels live: `.dualpath/jupyter`, or `DUALPATH_JUPYTER` where it is set. */
export const folder = resolve(process.env.DUALPATH_JUPYTER ?? join(root, ".dualpath", "jupyter"));

/** A command of its Python environment. */
export const program = (name) => join(folder, "python", "bin", name);
