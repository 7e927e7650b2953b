import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { writeWhole } from "../process/files.js";
import { followJournal } from "../process/journal.js";
import type { TrialPlan } from "../space/plan.js";
import { trialEventSchema, type TrialEvent } from "../trial/events.js";
import { readFailure, readResult } from "../trial/result.js";
import { makeDirectory, type TrialDirectory } from "./directory.js";
import type { Attempt, AttemptEnd, Launcher } from "./launcher.js";
import type { SweepObserver } from "./observer.js";
import { stopLockOwner, type SweepSession } from "./session.js";

/** What one attempt at a trial needs. */
export interface AttemptContext {
  readonly session: SweepSession;
  readonly launcher: Launcher;
  readonly observer: Required<SweepObserver>;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Told of every event; answers true when the trial shall stop early. */
  readonly prune: (plan: TrialPlan, event: TrialEvent) => boolean;
}

export type AttemptOutcome =
  | { readonly state: "finished" | "interrupted" }
  | { readonly state: "pruned"; readonly metrics: Readonly<Record<string, number>> }
  | {
      readonly state: "failed";
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
    };

/** Runs one attempt to its end and writes down, durably, how it began and ended. */
export async function runAttempt(context: AttemptContext, plan: TrialPlan): Promise<AttemptOutcome> {
  const { session, observer } = context;
  const directory = session.directory.trial(plan.id);
  if (readResult(directory.result) === undefined) {
    prepareDirectory(directory, plan);
    await stopLockOwner(directory);
    observer.prepared(plan, directory);
    const attempt = launch(context, plan, directory);
    observer.started(plan, session.trial(plan.id).attempts, directory);
    const outcome = await supervise(context, plan, directory, attempt);
    record(session, plan, outcome);
    return outcome;
  }
  record(session, plan, { state: "finished" });
  return { state: "finished" };
}

function prepareDirectory(directory: TrialDirectory, plan: TrialPlan): void {
  makeDirectory(directory.path);
  writeWhole(directory.config, stringify(plan.config));
  writeWhole(directory.seed, `${plan.config.seed}\n`);
  rmSync(directory.failure, { force: true });
}

function launch(
  { session, launcher, threads }: AttemptContext,
  plan: TrialPlan,
  directory: TrialDirectory,
): Attempt {
  const known = session.trial(plan.id);
  const number = known.attempts + 1;
  const used = plan.config.threads ?? known.threads ?? threads;
  const attempt = launcher.launch({ directory, attempt: number, threads: used });
  session.record({ kind: "started", trial: plan.id, attempt: number, threads: used, ...attempt.identity });
  return attempt;
}

const POLL_MILLISECONDS = 150;
const SIGNAL_LAG_MILLISECONDS = 500;
const POLITE_EXIT_CODES: readonly (number | null)[] = [130, 143];

// Whoever stops a whole process tree may reach the trial before the sweep: wait for the signal's other half.
const wasAsked = (end: AttemptEnd): boolean =>
  POLITE_EXIT_CODES.includes(end.exitCode) || end.signal === "SIGTERM" || end.signal === "SIGINT";

const STOP_GRACE_MILLISECONDS = 60_000;

async function supervise(
  context: AttemptContext,
  plan: TrialPlan,
  directory: TrialDirectory,
  attempt: Attempt,
): Promise<AttemptOutcome> {
  const fresh = followJournal(directory.journal, trialEventSchema);
  let end: AttemptEnd | undefined;
  let pruned: Readonly<Record<string, number>> | undefined;
  let stopping: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (stopping !== undefined) return;
    attempt.stop();
    stopping = setTimeout(attempt.kill, STOP_GRACE_MILLISECONDS);
  };
  const ended = attempt.ended.then((how) => (end = how));
  while (end === undefined) {
    await Promise.race([ended, sleep(POLL_MILLISECONDS)]);
    for (const event of fresh()) {
      context.observer.event(plan, event);
      if (pruned === undefined && context.prune(plan, event)) pruned = "values" in event ? event.values : {};
    }
    if (pruned !== undefined || context.signal.aborted) stop();
  }
  clearTimeout(stopping);
  if (wasAsked(end) && !context.signal.aborted) await sleep(SIGNAL_LAG_MILLISECONDS);
  return classify(context, directory, end, pruned);
}

function classify(
  { signal }: AttemptContext,
  directory: TrialDirectory,
  end: AttemptEnd,
  pruned: Readonly<Record<string, number>> | undefined,
): AttemptOutcome {
  if (readResult(directory.result) !== undefined) return { state: "finished" };
  if (pruned !== undefined) return { state: "pruned", metrics: pruned };
  if (signal.aborted) return { state: "interrupted" };
  const told = readFailure(directory.failure);
  if (told !== undefined) return { state: "failed", ...told };
  const how = end.signal === null ? `exit code ${end.exitCode ?? "unknown"}` : `signal ${end.signal}`;
  const message = `the trial's process ended with ${how}; its last words are in ${directory.log}`;
  return { state: "failed", code: "CRASHED", message, retryable: true };
}

function record(session: SweepSession, { id }: TrialPlan, outcome: AttemptOutcome): void {
  const place = { trial: id, attempt: Math.max(1, session.trial(id).attempts) };
  switch (outcome.state) {
    case "failed":
      return session.record({ kind: "failed", ...place, code: outcome.code, message: outcome.message });
    case "pruned":
      return session.record({ kind: "pruned", ...place, metrics: { ...outcome.metrics } });
    default:
      return session.record({ kind: outcome.state, ...place });
  }
}
