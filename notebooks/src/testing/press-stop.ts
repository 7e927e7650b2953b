import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { NEVER, notebookFolder, type Displayed, type Kernel } from "./executed.js";
import { jupyterFolder } from "./kernels.js";

/**
 * Plays a notebook up to its training cell, which runs once for each number and is stopped when its chart is drawn that
 * many times: from the beginning, then with `resume: true`. Returns what each run of the cell displayed.
 */
export async function pressStop(
  notebook: string,
  kernel: Kernel,
  drawings: readonly number[],
): Promise<Displayed[]> {
  const { stdout } = await promisify(execFile)(
    jupyterFolder("python", "bin", "python"),
    ["src/testing/press-stop.py", notebook, kernel, ...drawings.map(String)],
    { cwd: notebookFolder(), env: { ...process.env, DUALPATH_TRAINING_SECONDS: NEVER }, maxBuffer: 2 ** 26 },
  );
  const runs = JSON.parse(stdout) as string[][];
  return runs.map((pages) => (mime) => (mime === "text/html" ? pages : []));
}
