import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** One line of the suite's table: what was done, whether it holds, and the figures behind it. */
export interface Part {
  readonly name: string;
  readonly holds: boolean;
  readonly seconds: number;
  readonly figures: Readonly<Record<string, unknown>>;
}

const patience = 240_000;

export const scriptPath = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

/** The last line that a part prints. */
export const answer = (figures: Readonly<Record<string, unknown>> & { readonly holds: boolean }): void => {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
};

const figuresOf = (stdout: string): Record<string, unknown> => {
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return last.startsWith("{") ? (JSON.parse(last) as Record<string, unknown>) : {};
};

/** Runs a script of this folder, or a program around it, in a process of its own. */
export const runPart = (
  name: string,
  [script, ...parameters]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
  around: readonly string[] = [],
): Part => {
  return runProgram(name, [...around, process.execPath, scriptPath(script), ...parameters], environment);
};

/** Runs a program whose last line of output is a JSON object that says whether the part `holds`. */
export const runProgram = (
  name: string,
  [program = "", ...parameters]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Part => {
  const started = performance.now();
  const env = { ...process.env, ...environment };
  const { status, signal, stdout, stderr } = spawnSync(program, parameters, {
    encoding: "utf8",
    env,
    timeout: patience,
    maxBuffer: 1 << 26,
  });
  const figures = figuresOf(stdout ?? "");
  const trouble = status === 0 ? {} : { ended: signal ?? status, stderr: (stderr ?? "").slice(-2000) };
  const holds = status === 0 && figures["holds"] === true;
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${holds ? "ok    " : "FAILED"} ${name} (${seconds.toFixed(1)} s)\n`);
  return { name, holds, seconds, figures: { ...figures, ...trouble } };
};
