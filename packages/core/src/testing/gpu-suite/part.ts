import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Budget } from "./budget.js";

/** "cut": the suite's time ended it, or did not reach it; "absent": what it needs is not on this machine. */
export type Outcome = "ok" | "failed" | "cut" | "absent";

/** One line of the suite's table: what was done, how it ended, and the figures behind it. */
export interface Part {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** How a part is run. */
export interface PartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Words in front of the command: a program that watches it. */
  readonly around?: readonly string[];
  /** Most seconds that it gets, if the budget has them. */
  readonly most?: number;
}

/** Nothing useful starts and ends in less. */
const SHORTEST = 2;
/** Seconds from asking a program to end until it is ended. */
const GRACE = 2;
/** What `timeout` ends with when it had to end the program, by asking and by force. */
const TIMED_OUT: readonly (number | null)[] = [124, 137];

const scriptPath = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

/** A line of a part's output; the last one counts, so a part that is cut has said what it knew. */
export const answer = (figures: Readonly<Record<string, unknown>> & { readonly holds: boolean }): void => {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
};

const figuresOf = (stdout: string): Record<string, unknown> => {
  for (const line of stdout.split("\n").reverse())
    if (line.startsWith("{") && line.endsWith("}")) return JSON.parse(line) as Record<string, unknown>;
  return {};
};

const told = (part: Part): Part => {
  process.stdout.write(`${lineOf(part)}\n`);
  return part;
};

/** A part in the suite's table. */
export const lineOf = ({ name, outcome, seconds }: Part): string =>
  `${outcome.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s  ${name}`;

/** How many parts ended in each way. */
export const countOutcomes = (parts: readonly Part[]): Readonly<Record<Outcome, number>> => {
  const count = (outcome: Outcome): number => parts.filter((part) => part.outcome === outcome).length;
  return { ok: count("ok"), failed: count("failed"), cut: count("cut"), absent: count("absent") };
};

/** What the suite's process ends with. */
export const STATUS = { ok: 0, failed: 1, noDevice: 2, cut: 3 } as const;

/** Failed where a part did or none is well; else cut where one is. */
export const statusOf = ({ ok, failed, cut }: Readonly<Record<Outcome, number>>): number => {
  if (failed > 0 || ok + cut === 0) return STATUS.failed;
  return cut > 0 ? STATUS.cut : STATUS.ok;
};

/** A part that needs no program of its own. */
export const partOf = (name: string, outcome: Outcome, figures: Part["figures"] = {}): Part =>
  told({ name, outcome, seconds: 0, figures });

/** Runs a script of this folder in a process of its own. */
export const runPart = (
  name: string,
  [script, ...parameters]: readonly [string, ...string[]],
  budget: Budget,
  options: PartOptions = {},
): Part => runProgram(name, [process.execPath, scriptPath(script), ...parameters], budget, options);

/** Runs a program that prints JSON objects line by line, the last of which says whether the part `holds`. */
export const runProgram = (
  name: string,
  command: readonly string[],
  budget: Budget,
  { environment = {}, around = [], most = Infinity }: PartOptions = {},
): Part => {
  const seconds = Math.min(most, budget.left() - GRACE);
  if (seconds < SHORTEST) return partOf(name, "cut", { cut: "the suite's time was over before" });
  const started = performance.now();
  const limit = ["-k", String(GRACE), seconds.toFixed(1)];
  const { status, signal, stdout, stderr } = spawnSync("timeout", [...limit, ...around, ...command], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
    maxBuffer: 1 << 26,
  });
  const figures = figuresOf(stdout ?? "");
  const elapsed = (performance.now() - started) / 1000;
  const part = { name, seconds: elapsed };
  if (TIMED_OUT.includes(status))
    return told({
      ...part,
      outcome: "cut",
      figures: { ...figures, cut: `ended after ${seconds.toFixed(0)} s` },
    });
  const trouble = status === 0 ? {} : { ended: signal ?? status, stderr: (stderr ?? "").slice(-2000) };
  const outcome = status === 0 && figures["holds"] === true ? "ok" : "failed";
  return told({ ...part, outcome, figures: { ...figures, ...trouble } });
};
