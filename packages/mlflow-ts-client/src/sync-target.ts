import { statSync } from "node:fs";
import { join } from "node:path";
import type { MlflowClient } from "./client.js";
import { isNotFound } from "./errors.js";
import { journalFileName, type RunEntry } from "./journal-format.js";
import { readRunEntry } from "./journal-reader.js";
import { loadSyncState, saveSyncState, type SyncState } from "./sync-state.js";
import { runUidTag } from "./tags.js";
import type { CallOptions, Run } from "./types.js";

/**
 * Finds or makes the server's run of a journal and says how far it has been brought. A run is found by its uid, so a
 * lost state file, a lost reply or a second sender makes no twin; a server reached by a new address is recognised.
 * `undefined` while the journal does not name its run yet.
 */
export async function openTarget(
  client: MlflowClient,
  directory: string,
  call: CallOptions,
): Promise<SyncState | undefined> {
  const entry = readRunEntry(directory);
  if (entry === undefined) return undefined;
  const stored = loadSyncState(directory);
  const known = stored?.uid === entry.uid ? await verify(client, stored, call) : undefined;
  const state = known ?? (await makeState(client, entry, call));
  const size = statSync(join(directory, journalFileName)).size;
  const checked = size < state.offset ? { ...state, offset: 0 } : state;
  await saveSyncState(directory, checked);
  return checked;
}

async function verify(
  client: MlflowClient,
  stored: SyncState,
  call: CallOptions,
): Promise<SyncState | undefined> {
  const run = await getIfPresent(client, stored.runId, call);
  if (run?.data.tags[runUidTag] !== stored.uid) return undefined;
  return { ...stored, server: client.uri, artifactUri: run.info.artifactUri };
}

/** The run, or `undefined` when the server has none of that id. */
export async function getIfPresent(
  client: MlflowClient,
  runId: string,
  call: CallOptions,
): Promise<Run | undefined> {
  try {
    return await client.runs.get(runId, call);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function makeState(client: MlflowClient, entry: RunEntry, call: CallOptions): Promise<SyncState> {
  const { uid, runName, startTime, tags } = entry;
  const wanted = { name: entry.experiment, tags: entry.experimentTags };
  const { experimentId } = await client.experiments.createOrGet(wanted, call);
  const made = await client.runs.create({ experimentId, runName, startTime, tags, uid, reuse: true }, call);
  const run = await dropTwin(client, made, uid, call);
  const { runId, artifactUri } = run.info;
  return {
    version: 1,
    server: client.uri,
    uid,
    experimentId,
    runId,
    artifactUri,
    offset: 0,
    rejected: 0,
    deferred: [],
  };
}

// Two senders on two machines, or a reply that timed out while the server was still at work, can make two runs.
async function dropTwin(client: MlflowClient, made: Run, uid: string, call: CallOptions): Promise<Run> {
  const oldest = (await client.runs.findByUid(made.info.experimentId, uid, call)) ?? made;
  if (oldest.info.runId !== made.info.runId) await client.runs.delete(made.info.runId, call);
  return oldest;
}
