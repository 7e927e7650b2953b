import type { TrialPlan } from "../space/plan.js";
import type { TrialEvent } from "../trial/events.js";
import type { TrialDirectory } from "./directory.js";
import type { TrialState } from "./journal.js";

/** How an attempt, or the trial with it, came to rest. */
export interface TrialEnd {
  readonly state: Exclude<TrialState, "waiting" | "running">;
  readonly message?: string;
  /** Another attempt follows. */
  readonly retried?: boolean;
}

/** Someone who watches a sweep: the progress display, the tracker. Must not throw. */
export interface SweepObserver {
  /** The trial's directory is there, its process is not yet. */
  readonly prepared?: (plan: TrialPlan, directory: TrialDirectory) => void;
  readonly started?: (plan: TrialPlan, attempt: number, directory: TrialDirectory) => void;
  readonly event?: (plan: TrialPlan, event: TrialEvent) => void;
  readonly ended?: (plan: TrialPlan, end: TrialEnd) => void;
}

/** One observer that tells many. */
export function together(observers: readonly SweepObserver[]): Required<SweepObserver> {
  return {
    prepared: (...told) => observers.forEach((observer) => observer.prepared?.(...told)),
    started: (...told) => observers.forEach((observer) => observer.started?.(...told)),
    event: (...told) => observers.forEach((observer) => observer.event?.(...told)),
    ended: (...told) => observers.forEach((observer) => observer.ended?.(...told)),
  };
}
