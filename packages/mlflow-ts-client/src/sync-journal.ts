import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MlflowClient } from "./client.js";
import { JournalError } from "./errors.js";
import { journalFileName } from "./journal-format.js";
import { readJournalChunk } from "./journal-reader.js";
import { deliver, deliverDeferred, groupLines, type Delivery } from "./sync-delivery.js";
import { takeSyncLock } from "./sync-lock.js";
import { saveSyncState, type SyncState } from "./sync-state.js";
import { openTarget } from "./sync-target.js";
import type { CallOptions } from "./types.js";

/** What the server has of a journal. */
export interface SyncReport {
  readonly directory: string;
  readonly experimentId: string;
  readonly runId: string;
  /** Things the server refused for good; they and the reasons are in journal.rejected.jsonl. */
  readonly rejected: number;
  /** Uploads still to be done because the artifact store failed. */
  readonly deferred: number;
}

export interface SyncJournalOptions {
  readonly client: MlflowClient;
  /** Params, tags and points sent in one call; 500 by default. */
  readonly batchPoints?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason when the server refuses something for good. */
  readonly onRejected?: ((reason: string) => void) | undefined;
}

/** Params, tags and points sent in one call. */
export const defaultBatchPoints = 500;

/**
 * Brings one run's journal to the server, from where the last sending ended, and waits until it is there. Safe to
 * interrupt and to repeat.
 * @throws JournalError when the directory has no journal; JournalBusyError when another process is sending it; what
 * the client throws when the server cannot be reached.
 */
export async function syncJournal(directory: string, options: SyncJournalOptions): Promise<SyncReport> {
  if (!existsSync(join(directory, journalFileName))) throw noJournal(directory);
  const lock = takeSyncLock(directory);
  try {
    const { client, batchPoints = defaultBatchPoints, signal, onRejected = () => {} } = options;
    const delivery = await openDelivery(client, directory, { signal }, onRejected);
    if (delivery === undefined) throw noJournal(directory);
    await sendPending(delivery, batchPoints, true);
    return reportOf(directory, delivery.state);
  } finally {
    lock.release();
  }
}

export type SyncOutcome =
  | { readonly directory: string; readonly report: SyncReport }
  | { readonly directory: string; readonly error: unknown };

/** Brings every journal below a folder to the server, one after the other; a failure does not stop the rest. */
export async function syncJournals(root: string, options: SyncJournalOptions): Promise<SyncOutcome[]> {
  const outcomes: SyncOutcome[] = [];
  for (const directory of await findJournals(root)) {
    options.signal?.throwIfAborted();
    try {
      outcomes.push({ directory, report: await syncJournal(directory, options) });
    } catch (error) {
      options.signal?.throwIfAborted();
      outcomes.push({ directory, error });
    }
  }
  return outcomes;
}

/** Directories with a journal, the root itself included, sorted. */
export async function findJournals(root: string): Promise<string[]> {
  if (!existsSync(root)) return [];
  const files = await readdir(root, { recursive: true });
  const journals = files.filter((file) => file === journalFileName || file.endsWith(`/${journalFileName}`));
  return journals.map((file) => dirname(join(root, file))).sort();
}

/** Ties a journal to its run on the server; `undefined` while the journal does not name its run. */
export async function openDelivery(
  client: MlflowClient,
  directory: string,
  call: CallOptions,
  onRejected: (reason: string) => void,
): Promise<Delivery | undefined> {
  const state = await openTarget(client, directory, call);
  return state === undefined ? undefined : { client, directory, call, onRejected: calmly(onRejected), state };
}

/**
 * Sends everything the journal holds beyond the stored offset, and stores the offset after every step.
 * @param retryDeferred whether uploads that failed before are tried again
 */
export async function sendPending(
  delivery: Delivery,
  batchPoints: number,
  retryDeferred: boolean,
): Promise<void> {
  const path = join(delivery.directory, journalFileName);
  for (;;) {
    const chunk = readJournalChunk(path, delivery.state.offset);
    for (const group of groupLines(chunk.lines, batchPoints)) {
      delivery.call.signal?.throwIfAborted();
      await deliver(delivery, group);
      await advance(delivery, group.end);
    }
    chunk.damaged.forEach((at) =>
      delivery.onRejected(`journal '${path}': line at byte ${at} is damaged; skipped`),
    );
    if (chunk.offset !== delivery.state.offset) await advance(delivery, chunk.offset);
    if (chunk.atEnd) break;
  }
  if (!retryDeferred || delivery.state.deferred.length === 0) return;
  await deliverDeferred(delivery);
  await advance(delivery, delivery.state.offset);
}

/** What a caller gets to see of a state. */
export function reportOf(directory: string, state: SyncState): SyncReport {
  const { experimentId, runId, rejected } = state;
  return { directory, experimentId, runId, rejected, deferred: state.deferred.length };
}

async function advance(delivery: Delivery, offset: number): Promise<void> {
  delivery.state = { ...delivery.state, offset };
  await saveSyncState(delivery.directory, delivery.state);
}

function noJournal(directory: string): JournalError {
  return new JournalError(`'${directory}' holds no journal of a run (${journalFileName})`, { directory });
}

// A listener's fault must not look like a failure of the server.
function calmly(listener: (reason: string) => void): (reason: string) => void {
  return (reason) => {
    try {
      listener(reason);
    } catch {
      return;
    }
  };
}
