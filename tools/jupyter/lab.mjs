// Opens the notebooks in JupyterLab of the project's own environment: node tools/jupyter/lab.mjs [options of jupyter lab]
import { spawn } from "node:child_process";
import { join } from "node:path";
import { program, root } from "./folder.mjs";

const lab = spawn(program("jupyter-lab"), process.argv.slice(2), {
  cwd: join(root, "notebooks"),
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => lab.kill(signal));
lab.on("exit", (code) => (process.exitCode = code ?? 1));
