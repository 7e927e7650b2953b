import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { syncStateFileName } from "./journal-format.js";

const deferredArtifact = z.object({ source: z.string(), target: z.string() });

const syncState = z.object({
  version: z.literal(1),
  /** Address of the server that `offset` speaks of. */
  server: z.string(),
  uid: z.string(),
  experimentId: z.string(),
  runId: z.string(),
  artifactUri: z.string(),
  /** Bytes of the journal that the server has. */
  offset: z.number(),
  /** Things the server refused for good; kept in journal.rejected.jsonl. */
  rejected: z.number(),
  /** Uploads that failed while the server took everything else. */
  deferred: z.array(deferredArtifact),
});

/** How far one journal has been brought to which server. */
export type SyncState = z.output<typeof syncState>;
export type DeferredArtifact = z.output<typeof deferredArtifact>;

/** The stored state, or `undefined` when there is none or it is damaged (then everything is sent again, safely). */
export function loadSyncState(directory: string): SyncState | undefined {
  try {
    return syncState.parse(JSON.parse(readFileSync(join(directory, syncStateFileName), "utf8")));
  } catch {
    return undefined;
  }
}

/** Replaces the stored state in one step. A state lost to a power failure only means that more is sent again. */
export async function saveSyncState(directory: string, state: SyncState): Promise<void> {
  const path = join(directory, syncStateFileName);
  const temporary = `${path}.${process.pid}.part`;
  await writeFile(temporary, `${JSON.stringify(state)}\n`);
  await rename(temporary, path);
}
