import type { SweepObserver } from "../sweep/observer.js";
import type { SweepDirectory } from "../sweep/directory.js";
import type { TrialPlan } from "../space/plan.js";
import type { TrialRow, Table } from "../report/table.js";
import type { Objective } from "../space/schema.js";

/** What a finished, failed or interrupted sweep looks like to the tracker. */
export interface SweepSummary {
  readonly rows: readonly TrialRow[];
  readonly table: Table;
  readonly objective: Objective;
  readonly complete: boolean;
}

/** What became of the records. */
export interface TrackingReport {
  /** Address that opens exactly these runs, if there is a server. */
  readonly url?: string;
  /** One sentence on what has not reached the server yet, and how to send it. */
  readonly warning?: string;
}

/** Where trials are recorded. It follows the trials' journals and never holds training up. */
export interface Tracker extends SweepObserver {
  /** Sends what is left, within limits, and the summary of the sweep. */
  readonly close: (summary: SweepSummary) => Promise<TrackingReport>;
}

/** The sweep that a tracker records. */
export interface TrackedSweep {
  readonly id: string;
  readonly name: string;
  readonly directory: SweepDirectory;
  readonly plans: readonly TrialPlan[];
}

/** Records nothing beyond the run directories. */
export const noTracker: Tracker = { close: () => Promise.resolve({}) };
