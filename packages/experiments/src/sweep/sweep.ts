import { threadsPerTrial } from "../process/cores.js";
import type { TrialPlan } from "../space/plan.js";
import type { SweepConfig } from "../space/schema.js";
import type { TrialEvent } from "../trial/events.js";
import { runAttempt, type AttemptContext } from "./attempt.js";
import type { Launcher } from "./launcher.js";
import { together, type SweepObserver } from "./observer.js";
import { prunerOf, type Pruner } from "./pruner.js";
import type { SweepSession } from "./session.js";

/** The part of a sweep section that governs its course. */
export type SweepCourse = Pick<SweepConfig, "parallel" | "retries" | "keepGoing" | "pruner">;

export interface SweepOptions {
  readonly session: SweepSession;
  readonly plans: readonly TrialPlan[];
  readonly course: SweepCourse;
  readonly launcher: Launcher;
  readonly observers: readonly SweepObserver[];
  readonly cores: number;
  readonly signal: AbortSignal;
}

export interface SweepOutcome {
  /** Nothing had to be run. */
  readonly alreadyComplete: boolean;
  /** Every trial has finished or was pruned. */
  readonly complete: boolean;
  readonly failed: readonly TrialPlan[];
}

/** Runs every trial that has not come to its end yet, `parallel` at a time. */
export async function runSweep(options: SweepOptions): Promise<SweepOutcome> {
  const { session, plans, course, signal } = options;
  const waiting = plans.filter((plan) => !isDone(session, plan));
  if (waiting.length === 0) {
    if (!session.completed()) session.record({ kind: "completed" });
    return { alreadyComplete: true, complete: true, failed: [] };
  }
  const failFast = new AbortController();
  const stopped = AbortSignal.any([signal, failFast.signal]);
  const context = attemptContext(options, stopped);
  const failed: TrialPlan[] = [];
  await inParallel(waiting, course.parallel, stopped, async (plan) => {
    if (await runTrial(context, plan, course.retries)) return;
    failed.push(plan);
    if (!course.keepGoing) failFast.abort();
  });
  const complete = isComplete(session, plans);
  if (complete) session.record({ kind: "completed" });
  return { alreadyComplete: false, complete, failed };
}

/** Whether every trial has finished or was pruned. */
export const isComplete = (session: SweepSession, plans: readonly TrialPlan[]): boolean =>
  plans.every((plan) => isDone(session, plan));

function isDone(session: SweepSession, { id }: TrialPlan): boolean {
  const { state } = session.trial(id);
  return state === "finished" || state === "pruned";
}

function attemptContext(options: SweepOptions, signal: AbortSignal): AttemptContext {
  const { session, launcher, course, cores, plans, observers } = options;
  return {
    session,
    launcher,
    signal,
    observer: together(observers),
    threads: threadsPerTrial(cores, Math.min(course.parallel, plans.length)),
    prune: pruneRule(prunerOf(course.pruner)),
  };
}

function pruneRule(pruner: Pruner): (plan: TrialPlan, event: TrialEvent) => boolean {
  const histories = new Map<string, Map<number, number>>();
  return (plan, event) => {
    if (pruner.metric === undefined || event.kind !== "metrics") return false;
    const value = event.values[pruner.metric];
    if (value === undefined) return false;
    const own = (histories.get(plan.id) ?? new Map<number, number>()).set(event.step, value);
    histories.set(plan.id, own);
    const others = [...histories]
      .filter(([id]) => id !== plan.id)
      .map(([, history]) => [...history.values()]);
    return pruner.shouldStop([...own.values()], others);
  };
}

// True unless the trial has failed for good.
async function runTrial(context: AttemptContext, plan: TrialPlan, retries: number): Promise<boolean> {
  for (let failures = 0; ; failures++) {
    const outcome = await runAttempt(context, plan);
    if (outcome.state !== "failed") {
      context.observer.ended(plan, { state: outcome.state });
      return true;
    }
    const retried = outcome.retryable && failures < retries && !context.signal.aborted;
    context.observer.ended(plan, { state: "failed", message: outcome.message, retried });
    if (!retried) return false;
  }
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && !signal.aborted; item = queue.shift())
      await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
