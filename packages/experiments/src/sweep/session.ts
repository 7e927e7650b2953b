import { randomBytes } from "node:crypto";
import { canonicalJson } from "../config/identity.js";
import { ExperimentError } from "../errors.js";
import { openJournal, readJournal } from "../process/journal.js";
import { isAlive } from "../process/identity.js";
import { lockOwner, takeLock } from "../process/lock.js";
import { stopProcess } from "../process/stop.js";
import type { TrialPlan } from "../space/plan.js";
import { readResult } from "../trial/result.js";
import { makeDirectory, type SweepDirectory, type TrialDirectory } from "./directory.js";
import {
  advance,
  replay,
  sweepEntrySchema,
  UNKNOWN_TRIAL,
  type SweepEntry,
  type TrialRecord,
} from "./journal.js";

// An entry as the session's users write it; the session adds the time.
type Untimed<T> = T extends { time: number } ? Omit<T, "time"> : never;
export type NewEntry = Untimed<SweepEntry>;

/** A sweep's directory while this process holds it. */
export interface SweepSession {
  readonly id: string;
  readonly directory: SweepDirectory;
  readonly record: (entry: NewEntry) => void;
  readonly trial: (id: string) => TrialRecord;
  readonly completed: () => boolean;
  readonly close: () => void;
}

const STOP_GRACE_MILLISECONDS = 30_000;

/**
 * Takes a sweep's directory: its lock, its journal, its plan. Throws SWEEP_RUNNING when another sweep holds it.
 * Trials that a killed sweep left behind are stopped, and what they had finished is written down.
 */
export async function openSession(
  directory: SweepDirectory,
  name: string,
  plans: readonly TrialPlan[],
): Promise<SweepSession> {
  makeDirectory(directory.path);
  const release = lockOrThrow(directory);
  try {
    const session = readSession(directory, name, release);
    recordPlan(session.session, session.planned, plans);
    await settleOrphans(session.session, plans);
    return session.session;
  } catch (error) {
    release();
    throw error;
  }
}

function lockOrThrow(directory: SweepDirectory): () => void {
  const outcome = takeLock(directory.lock);
  if ("lock" in outcome) return outcome.lock.release;
  const { pid, host } = outcome.heldBy;
  const message =
    `${directory.path} is in use: process ${pid} on ${host} runs this sweep already. Wait for it, or stop it ` +
    `with 'kill ${pid}' and run the same command again; it goes on where that one stopped.`;
  throw new ExperimentError("SWEEP_RUNNING", message, { directory: directory.path, pid, host });
}

function readSession(directory: SweepDirectory, name: string, release: () => void) {
  const journal = openJournal<SweepEntry>(directory.journal);
  let state = replay(readJournal(directory.journal, sweepEntrySchema));
  const record = (entry: NewEntry): void => {
    const timed = { ...entry, time: Date.now() } as SweepEntry;
    journal.append([timed]);
    state = advance(state, timed);
  };
  if (state.id === undefined) record({ kind: "created", id: newSweepId(name), name });
  const session: SweepSession = {
    id: state.id ?? name,
    directory,
    record,
    trial: (id) => state.trials.get(id) ?? UNKNOWN_TRIAL,
    completed: () => state.completed,
    close: () => {
      journal.close();
      release();
    },
  };
  return { session, planned: state.planned };
}

const SUFFIX_BYTES = 4;
const newSweepId = (name: string): string =>
  `${name.replaceAll(" ", "-")}-${randomBytes(SUFFIX_BYTES).toString("hex")}`;

function recordPlan(session: SweepSession, planned: readonly unknown[], plans: readonly TrialPlan[]): void {
  const trials = plans.map(({ id, index, point }) => ({ id, index, point }));
  if (canonicalJson(planned) !== canonicalJson(trials)) session.record({ kind: "planned", trials });
}

async function settleOrphans(session: SweepSession, plans: readonly TrialPlan[]): Promise<void> {
  const running = plans.filter(({ id }) => session.trial(id).state === "running");
  await Promise.all(running.map(({ id }) => stopTrialProcess(session, id)));
  for (const { id } of running) {
    const attempt = session.trial(id).attempts;
    const finished = readResult(session.directory.trial(id).result) !== undefined;
    session.record({ kind: finished ? "finished" : "interrupted", trial: id, attempt });
  }
}

async function stopTrialProcess(session: SweepSession, id: string): Promise<void> {
  const { owner } = session.trial(id);
  if (owner !== undefined) await stopProcess(owner, STOP_GRACE_MILLISECONDS);
  await stopLockOwner(session.directory.trial(id));
}

/** Ends whatever process still works in a trial's directory. */
export async function stopLockOwner(directory: TrialDirectory): Promise<void> {
  const owner = lockOwner(directory.lock);
  if (owner !== undefined && isAlive(owner)) await stopProcess(owner, STOP_GRACE_MILLISECONDS);
}
