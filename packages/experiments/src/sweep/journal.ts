import { z } from "zod";
import type { ProcessIdentity } from "../process/identity.js";

const time = z.number().describe("milliseconds since 1970");
const attempt = { trial: z.string(), attempt: z.int().positive(), time };

const plannedTrial = z.object({ id: z.string(), index: z.int(), point: z.record(z.string(), z.unknown()) });

/** A line of `sweep.jsonl`. */
export const sweepEntrySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("created"), id: z.string(), name: z.string(), time }),
  z.object({ kind: z.literal("planned"), trials: z.array(plannedTrial), time }),
  z.object({
    kind: z.literal("started"),
    ...attempt,
    pid: z.int(),
    started: z.string(),
    host: z.string(),
    threads: z.int(),
  }),
  z.object({ kind: z.literal("finished"), ...attempt }),
  z.object({ kind: z.literal("failed"), ...attempt, code: z.string(), message: z.string() }),
  z.object({ kind: z.literal("interrupted"), ...attempt }),
  z.object({ kind: z.literal("pruned"), ...attempt, metrics: z.record(z.string(), z.number()) }),
  z.object({ kind: z.literal("completed"), time }),
]);

export type SweepEntry = z.infer<typeof sweepEntrySchema>;
export type PlannedTrial = z.infer<typeof plannedTrial>;

export type TrialState = "waiting" | "running" | "finished" | "failed" | "interrupted" | "pruned";

/** What the journal knows of one trial. */
export interface TrialRecord {
  readonly state: TrialState;
  readonly attempts: number;
  /** Threads of the first attempt: a resumed trial keeps them, and with them its bits. */
  readonly threads?: number;
  /** The process of the last attempt, as long as no end of it was written down. */
  readonly owner?: ProcessIdentity;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface SweepState {
  readonly id?: string;
  readonly planned: readonly PlannedTrial[];
  readonly trials: ReadonlyMap<string, TrialRecord>;
  readonly completed: boolean;
}

export const UNKNOWN_TRIAL: TrialRecord = { state: "waiting", attempts: 0 };

/** The state that a journal leads to. */
export function replay(entries: readonly SweepEntry[]): SweepState {
  return entries.reduce<SweepState>(advance, { planned: [], trials: new Map(), completed: false });
}

/** The state after one more entry. */
export function advance(state: SweepState, entry: SweepEntry): SweepState {
  switch (entry.kind) {
    case "created":
      return { ...state, id: entry.id };
    case "planned":
      return { ...state, planned: entry.trials, completed: false };
    case "completed":
      return { ...state, completed: true };
    default: {
      const record = state.trials.get(entry.trial) ?? UNKNOWN_TRIAL;
      return { ...state, trials: new Map(state.trials).set(entry.trial, nextRecord(record, entry)) };
    }
  }
}

type TrialEntry = Extract<SweepEntry, { trial: string }>;

function nextRecord(record: TrialRecord, entry: TrialEntry): TrialRecord {
  const { owner: _owner, failure: _failure, ...rest } = record;
  switch (entry.kind) {
    case "started": {
      const { pid, started, host } = entry;
      const threads = record.threads ?? entry.threads;
      return { ...rest, state: "running", attempts: entry.attempt, threads, owner: { pid, started, host } };
    }
    case "failed":
      return { ...rest, state: "failed", failure: { code: entry.code, message: entry.message } };
    case "pruned":
      return { ...rest, state: "pruned", metrics: entry.metrics };
    default:
      return { ...rest, state: entry.kind };
  }
}
