import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { workspaceRoot } from "../session/workspace.js";
import { jupyterFolder } from "./kernels.js";

export type Kernel = "tslab" | "deno";

type Text = string | readonly string[];

interface Notebook {
  readonly cells: readonly { readonly outputs?: readonly { readonly data?: Record<string, Text> }[] }[];
}

/** Everything that an executed notebook displays of one kind, in order. */
export type Displayed = (mime: string) => readonly string[];

const joined = (text: Text): string => (typeof text === "string" ? text : text.join(""));

/**
 * Executes a notebook of this folder from a clean state, in a kernel of its own, without a screen. Throws what the cell
 * said where one fails. Executed notebooks are kept in the folder that DUALPATH_EXECUTED_NOTEBOOKS names.
 */
export async function runNotebook(
  name: string,
  kernel: Kernel,
  environment: NodeJS.ProcessEnv = {},
): Promise<Displayed> {
  const kept = process.env["DUALPATH_EXECUTED_NOTEBOOKS"];
  const folder = kept ?? mkdtempSync(join(tmpdir(), "notebook-"));
  const output = `${name.replace(/\.ipynb$/, "")}.${kernel}.ipynb`;
  const kernels = [
    `--ExecutePreprocessor.kernel_name=${kernel}`,
    "--ExecutePreprocessor.startup_timeout=300",
  ];
  const files = ["--output-dir", folder, "--output", output, name];
  try {
    await promisify(execFile)(
      jupyterFolder("python", "bin", "jupyter"),
      ["nbconvert", "--execute", "--to", "notebook", ...kernels, ...files],
      {
        cwd: join(workspaceRoot(), "notebooks"),
        env: { ...process.env, ...environment },
        maxBuffer: 2 ** 26,
      },
    );
    return displayedBy(JSON.parse(readFileSync(join(folder, output), "utf8")) as Notebook);
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

const displayedBy =
  ({ cells }: Notebook): Displayed =>
  (mime) =>
    cells
      .flatMap(({ outputs = [] }) => outputs)
      .flatMap(({ data }) => (data?.[mime] === undefined ? [] : [joined(data[mime])]));
