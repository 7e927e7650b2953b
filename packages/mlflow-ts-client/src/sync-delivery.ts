import { statSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { batchOf, type BatchItem } from "./batches.js";
import type { MlflowClient } from "./client.js";
import { isRefusedContent, JournalError, MlflowArtifactError, MlflowHttpError } from "./errors.js";
import { folderFiles } from "./folder-store.js";
import { rejectedFileName, type JournalEntry } from "./journal-format.js";
import type { JournalLine } from "./journal-reader.js";
import { metricEntries } from "./runs.js";
import type { DeferredArtifact, SyncState } from "./sync-state.js";
import { getIfPresent } from "./sync-target.js";
import type { CallOptions } from "./types.js";

/** Where entries go: one run on one server. `state` is brought up to date as things arrive. */
export interface Delivery {
  readonly client: MlflowClient;
  readonly directory: string;
  readonly call: CallOptions;
  readonly onRejected: (reason: string) => void;
  state: SyncState;
}

/** Consecutive lines that are sent together. */
export type LineGroup =
  | { readonly kind: "data"; readonly items: readonly BatchItem[]; readonly end: number }
  | { readonly kind: "other"; readonly entry: JournalEntry; readonly end: number };

/** Joins neighbouring params, tags and points into groups of about `points` items; order is kept. */
export function groupLines(lines: readonly JournalLine[], points: number): LineGroup[] {
  const groups: LineGroup[] = [];
  for (const { entry, end } of lines) {
    const items = itemsOf(entry);
    const last = groups.at(-1);
    if (items === undefined) groups.push({ kind: "other", entry, end });
    else if (last?.kind === "data" && last.items.length + items.length <= points) {
      groups[groups.length - 1] = { kind: "data", items: [...last.items, ...items], end };
    } else groups.push({ kind: "data", items, end });
  }
  return groups;
}

function itemsOf(entry: JournalEntry): BatchItem[] | undefined {
  if (entry.kind === "params")
    return pairs(entry.params).map((value): BatchItem => ({ kind: "params", value }));
  if (entry.kind === "tags") return pairs(entry.tags).map((value): BatchItem => ({ kind: "tags", value }));
  if (entry.kind !== "metrics") return undefined;
  const points = metricEntries(entry.values, entry.step, entry.timestamp);
  return points.map((value): BatchItem => ({ kind: "metrics", value }));
}

function pairs(record: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}

/**
 * Brings one group to the server. What the server refuses for good is set aside in journal.rejected.jsonl.
 * @throws what the client throws when the server cannot be reached or does not work.
 */
export async function deliver(delivery: Delivery, group: LineGroup): Promise<void> {
  if (group.kind === "data") return sendItems(delivery, group.items);
  const { entry } = group;
  const { runId } = delivery.state;
  if (entry.kind === "artifact") {
    const failed = await sendArtifact(delivery, entry);
    delivery.state = { ...delivery.state, deferred: [...delivery.state.deferred, ...failed] };
    return;
  }
  await orReject(delivery, entry, async () => {
    if (entry.kind === "inputs") return delivery.client.runs.logInputs(runId, entry.datasets, delivery.call);
    if (entry.kind !== "status") return;
    const endTime = entry.status === "RUNNING" ? undefined : entry.time;
    await delivery.client.runs.update(runId, { status: entry.status, endTime }, delivery.call);
  });
}

async function sendItems(delivery: Delivery, items: readonly BatchItem[]): Promise<void> {
  try {
    await delivery.client.runs.logBatch(delivery.state.runId, batchOf(items), delivery.call);
  } catch (error) {
    if (!isRefusedContent(error)) throw error;
    await requireActiveRun(delivery);
    const [only] = items;
    if (items.length === 1 && only !== undefined) return reject(delivery, only, error);
    // One bad item must not hold back its neighbours: halve until it stands alone.
    const middle = Math.ceil(items.length / 2);
    await sendItems(delivery, items.slice(0, middle));
    await sendItems(delivery, items.slice(middle));
  }
}

/** Uploads a file or folder and gives the files that could not be uploaded now. */
async function sendArtifact(delivery: Delivery, artifact: DeferredArtifact): Promise<DeferredArtifact[]> {
  const failed: DeferredArtifact[] = [];
  for (const file of await expandFolder(delivery.directory, artifact)) {
    try {
      await orReject(delivery, file, () => upload(delivery, file));
    } catch (error) {
      // A store that fails behind a working server must not hold back the metrics.
      if (!(error instanceof MlflowHttpError)) throw error;
      failed.push(file);
    }
  }
  return failed;
}

/** Tries the uploads again that failed before; those that fail again stay deferred. */
export async function deliverDeferred(delivery: Delivery): Promise<void> {
  const failed: DeferredArtifact[] = [];
  for (const artifact of delivery.state.deferred) failed.push(...(await sendArtifact(delivery, artifact)));
  delivery.state = { ...delivery.state, deferred: failed };
}

async function expandFolder(
  directory: string,
  { source, target }: DeferredArtifact,
): Promise<DeferredArtifact[]> {
  const path = join(directory, source);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [{ source, target }];
  const files = await folderFiles(path);
  return files.map((file) => ({ source: join(source, file), target: `${target}/${file}` }));
}

function upload(
  { directory, client, call, state }: Delivery,
  { source, target }: DeferredArtifact,
): Promise<void> {
  return client.artifacts.put(state.artifactUri, target, { file: join(directory, source) }, call);
}

async function orReject(delivery: Delivery, what: object, send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof MlflowArtifactError)) {
      if (!isRefusedContent(error)) throw error;
      await requireActiveRun(delivery);
    }
    await reject(delivery, what, error);
  }
}

/** Somebody deleted the run on the server: nothing more is sent to it. */
export class RunDeletedError extends JournalError {
  override readonly name = "RunDeletedError";
}

async function requireActiveRun({ client, directory, call, state }: Delivery): Promise<void> {
  const run = await getIfPresent(client, state.runId, call);
  if (run === undefined || run.info.lifecycleStage !== "deleted") return;
  throw new RunDeletedError(
    `run ${state.runId} of '${directory}' was deleted on ${client.uri}: restore it there to go on`,
    { runId: state.runId, directory },
  );
}

async function reject(delivery: Delivery, what: object, error: unknown): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  const line = `${JSON.stringify({ reason, what })}\n`;
  await appendFile(join(delivery.directory, rejectedFileName), line);
  delivery.state = { ...delivery.state, rejected: delivery.state.rejected + 1 };
  delivery.onRejected(reason);
}
