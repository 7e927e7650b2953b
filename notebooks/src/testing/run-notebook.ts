import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { NEVER, notebookFolder, type Displayed, type Kernel } from "./executed.js";
import { jupyterFolder } from "./kernels.js";

type Text = string | readonly string[];

interface Notebook {
  readonly cells: readonly { readonly outputs?: readonly { readonly data?: Record<string, Text> }[] }[];
}

/** An executed notebook. */
export interface Executed {
  readonly displayed: Displayed;
  /** Processor time of Jupyter, the kernel and all that they have started. */
  readonly processorSeconds: number;
}

const joined = (text: Text): string => (typeof text === "string" ? text : text.join(""));

/**
 * Executes a notebook of this folder from a clean state, in a kernel of its own, without a screen; what it trains ends
 * with its epochs. Throws what the cell said where one fails. Executed notebooks are kept in the folder that DUALPATH_EXECUTED_NOTEBOOKS names.
 */
export async function runNotebook(
  name: string,
  kernel: Kernel,
  environment: NodeJS.ProcessEnv = {},
): Promise<Executed> {
  const kept = process.env["DUALPATH_EXECUTED_NOTEBOOKS"];
  const folder = kept ?? mkdtempSync(join(tmpdir(), "notebook-"));
  const output = `${name.replace(/\.ipynb$/, "")}.${kernel}.ipynb`;
  const env = { ...process.env, DUALPATH_TRAINING_SECONDS: NEVER, ...environment };
  const kernels = [
    `--ExecutePreprocessor.kernel_name=${kernel}`,
    "--ExecutePreprocessor.startup_timeout=300",
  ];
  const files = ["--output-dir", folder, "--output", output, name];
  const command = ["nbconvert", "--execute", "--to", "notebook", ...kernels, ...files];
  try {
    const { stdout } = await promisify(execFile)(
      "/bin/sh",
      ["-c", '"$@" && times', "sh", jupyterFolder("python", "bin", "jupyter"), ...command],
      { cwd: notebookFolder(), env, maxBuffer: 2 ** 26 },
    );
    const notebook = JSON.parse(readFileSync(join(folder, output), "utf8")) as Notebook;
    return { displayed: displayedBy(notebook), processorSeconds: secondsOf(stdout) };
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** What `times` says of the shell and of all processes that have ended below it, in seconds. */
export const secondsOf = (times: string): number =>
  [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );

const displayedBy =
  ({ cells }: Notebook): Displayed =>
  (mime) =>
    cells
      .flatMap(({ outputs = [] }) => outputs)
      .flatMap(({ data }) => (data?.[mime] === undefined ? [] : [joined(data[mime])]));
