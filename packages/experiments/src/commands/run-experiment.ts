import { existsSync, readFileSync } from "node:fs";
import { ExperimentError } from "../errors.js";
import { writeWhole } from "../process/files.js";
import { isAlive } from "../process/identity.js";
import { lockOwner } from "../process/lock.js";
import { progressDisplay } from "../report/progress.js";
import { trialRows } from "../report/results.js";
import { formatMarkdown, formatText, trialTable, type Table, type TrialRow } from "../report/table.js";
import type { TrialPlan } from "../space/plan.js";
import { objectiveSchema, type Objective } from "../space/schema.js";
import { moveAside, type SweepDirectory } from "../sweep/directory.js";
import type { Launcher } from "../sweep/launcher.js";
import { openSession, type SweepSession } from "../sweep/session.js";
import { isComplete, runSweep, type SweepCourse, type SweepOutcome } from "../sweep/sweep.js";
import type { TrackedSweep, Tracker } from "../tracking/tracker.js";

/** One experiment, single or swept, ready to be run. */
export interface ExperimentRun {
  readonly name: string;
  /** What it is called in messages: "sweep" or "run". */
  readonly what: "sweep" | "run";
  readonly configText: string;
  readonly plans: readonly TrialPlan[];
  /** Holds every trial against its data, before the first one starts. */
  readonly check?: () => Promise<void>;
  readonly course: SweepCourse;
  readonly objective: Objective;
  readonly directory: SweepDirectory;
  readonly launcher: Launcher;
  readonly openTracker: (sweep: TrackedSweep, onNote: (line: string) => void) => Promise<Tracker>;
  readonly cores: number;
  readonly fresh: boolean;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

export const SINGLE_COURSE: SweepCourse = {
  parallel: 1,
  retries: 1,
  keepGoing: true,
  pruner: { kind: "none" },
};
export const DEFAULT_OBJECTIVE: Objective = objectiveSchema.parse({});

export interface ExperimentEnd extends SweepOutcome {
  readonly rows: readonly TrialRow[];
  readonly url?: string;
}

/**
 * Runs what has not run yet, shows it, and leaves the table. Throws SWEEP_RUNNING, TRACKING_UNREACHABLE before any
 * work, TRIALS_FAILED after it; an abort ends it early, with everything ready to go on.
 */
export async function runExperiment(run: ExperimentRun): Promise<ExperimentEnd> {
  if (run.fresh) startOver(run);
  const session = await openSession(run.directory, run.name, run.plans);
  try {
    keepConfig(run);
    if (!isComplete(session, run.plans)) await run.check?.();
    const notes = noteBoard(run.output);
    const tracker = await run.openTracker({ ...run, id: session.id }, notes.write);
    return await runTracked(run, session, tracker, notes);
  } finally {
    session.close();
  }
}

function startOver({ directory, output }: ExperimentRun): void {
  const owner = lockOwner(directory.lock);
  if (owner !== undefined && isAlive(owner)) {
    const message = `${directory.path} is in use by process ${owner.pid}; stop it before starting over with --fresh.`;
    throw new ExperimentError("SWEEP_RUNNING", message, { directory: directory.path, pid: owner.pid });
  }
  const aside = moveAside(directory.path);
  if (aside !== undefined) output.write(`The earlier runs were moved to ${aside}\n`);
}

function keepConfig({ directory, configText }: ExperimentRun): void {
  writeIfChanged(directory.config, configText);
}

// Notes of the tracker go to the progress display while there is one, so that they do not tear its bars.
interface NoteBoard {
  write: (line: string) => void;
  show: (display: ((line: string) => void) | undefined) => void;
}

function noteBoard(output: NodeJS.WriteStream): NoteBoard {
  const plain = (line: string): void => void output.write(`${line}\n`);
  let current = plain;
  return { write: (line) => current(line), show: (display) => void (current = display ?? plain) };
}

async function runTracked(
  run: ExperimentRun,
  session: SweepSession,
  tracker: Tracker,
  notes: NoteBoard,
): Promise<ExperimentEnd> {
  const outcome = await runShown(run, session, tracker, notes);
  const rows = trialRows(session, run.plans);
  const table = trialTable(rows, run.objective, furtherMetrics(rows));
  if (outcome.complete) writeIfChanged(run.directory.table, `${formatMarkdown(table)}\n`);
  const report = await tracker.close({ rows, table, objective: run.objective, complete: outcome.complete });
  show(run, outcome, table, report.url);
  if (report.warning !== undefined) run.output.write(`Warning: ${report.warning}\n`);
  if (outcome.failed.length > 0 && !run.signal.aborted) throw failure(run, session, outcome);
  return { ...outcome, rows, ...(report.url === undefined ? {} : { url: report.url }) };
}

async function runShown(
  run: ExperimentRun,
  session: SweepSession,
  tracker: Tracker,
  notes: NoteBoard,
): Promise<SweepOutcome> {
  const display = progressDisplay(run.output, run.plans);
  notes.show(display.note);
  try {
    return await runSweep({ ...run, session, observers: [display, tracker] });
  } finally {
    notes.show(undefined);
    display.stop();
  }
}

const FURTHER = /^best\/\w*(i2t|t2i)_r1$/;

function furtherMetrics(rows: readonly TrialRow[]): string[] {
  const keys = new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)));
  return [...keys].filter((key) => FURTHER.test(key)).sort();
}

function show(run: ExperimentRun, outcome: SweepOutcome, table: Table, url: string | undefined): void {
  const { output, what, name, directory } = run;
  output.write(`\n${headline(run, outcome)}\n\n${formatText(table)}\n\n`);
  output.write(`Files of the ${what}: ${directory.path}\n`);
  if (url !== undefined) output.write(`Compare in MLflow: ${url}\n`);
  if (outcome.alreadyComplete) output.write(`Use --fresh to run ${name} from the beginning.\n`);
}

function headline({ what, name, plans, signal }: ExperimentRun, outcome: SweepOutcome): string {
  const count = `${plans.length} trial${plans.length === 1 ? "" : "s"}`;
  if (outcome.alreadyComplete)
    return `The ${what} ${name} is complete already (${count}); nothing was changed.`;
  if (outcome.complete) return `The ${what} ${name} is complete (${count}).`;
  if (signal.aborted) return `The ${what} ${name} was stopped; the same command goes on from here.`;
  return `The ${what} ${name} is not complete: ${outcome.failed.length} of ${count} failed.`;
}

function failure(run: ExperimentRun, session: SweepSession, { failed }: SweepOutcome): ExperimentError {
  const reasons = failed.map(
    ({ id }) => `${id}: ${session.trial(id).failure?.message ?? "no reason was left"}`,
  );
  const message =
    `${failed.length} of ${run.plans.length} trials failed: ${[...new Set(reasons)].join("; ")}. ` +
    "Put the cause right and run the same command again; finished trials are kept.";
  return new ExperimentError("TRIALS_FAILED", message, { trials: failed.map(({ id }) => id) });
}

function writeIfChanged(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeWhole(file, text);
}
