import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ExperimentError } from "../errors.js";
import { availableCores } from "../process/cores.js";
import { takeLock } from "../process/lock.js";
import { embedPhotos, type EmbedProgress } from "../search/embed-photos.js";
import { EmbeddingJournal, type SkippedPhoto } from "../search/embedding-journal.js";
import { buildGraph, hasGraph } from "../search/graph-file.js";
import { openIndex, type PhotoIndex } from "../search/index-file.js";
import { EXACT_LIMIT } from "../search/searcher.js";
import { TrainedModel } from "../search/trained-model.js";
import type { CommandContext } from "./experiment-run.js";

export interface EmbedCommandOptions {
  readonly checkpoint: string;
  readonly photos: string;
  readonly index: string;
  readonly threads?: number | undefined;
  readonly fresh?: boolean | undefined;
  /** Build the approximate index whatever the number of photos. */
  readonly approximate?: boolean | undefined;
}

const BATCH = 32;

/**
 * `embed`: embeds a folder of photos into an index file. Given again it goes on where it was stopped; a complete index
 * is left alone. Throws CHECKPOINT, PHOTOS, INDEX.
 */
export async function embedCommand(options: EmbedCommandOptions, context: CommandContext): Promise<void> {
  const index = resolve(options.index);
  const outcome = takeLock(lockFile(index, options));
  if ("heldBy" in outcome) {
    const message = `process ${outcome.heldBy.pid} on ${outcome.heldBy.host} embeds into ${index}; wait for it, or stop it.`;
    throw new ExperimentError("INDEX", message, { index });
  }
  try {
    await embed({ ...options, index }, context);
  } finally {
    outcome.lock.release();
  }
}

function lockFile(index: string, { photos }: EmbedCommandOptions): string {
  const folder = resolve(index, "..");
  if (existsSync(folder)) return `${index}.lock`;
  const message = `${folder}: there is no such folder; make it before embedding ${photos} into it.`;
  throw new ExperimentError("INDEX", message, { folder });
}

async function embed(options: EmbedCommandOptions, context: CommandContext): Promise<void> {
  const { index, fresh, checkpoint } = options;
  const threads = options.threads ?? availableCores();
  const { output, signal } = context;
  if (fresh === true) EmbeddingJournal.discard(index);
  if (existsSync(index) && fresh !== true) await describeExisting(options, output);
  else {
    const model = await TrainedModel.open(checkpoint, { threads, batchSize: BATCH });
    try {
      const onProgress = progressLines(output);
      const { embedded, skipped } = await embedPhotos(model, {
        ...options,
        batchSize: BATCH,
        signal,
        onProgress,
      });
      report(options, output, embedded, skipped);
    } finally {
      await model.dispose();
    }
  }
  await approximate(options, context, threads);
}

async function describeExisting(
  { index, checkpoint, photos }: EmbedCommandOptions,
  output: NodeJS.WriteStream,
): Promise<void> {
  const existing = await openIndex(index);
  await existing.close();
  output.write(`${index} is complete already (${existing.names.length} photos of ${existing.photos}).\n`);
  if (existing.photos === resolve(photos)) return;
  const message = `${index} is of the photos in ${existing.photos}; name another file, or start over with --fresh (checkpoint ${checkpoint}).`;
  throw new ExperimentError("INDEX", message, { index });
}

const PARTS = 20;

/** A line for every twentieth of the work, with the speed of this command, and one for every photo that is skipped. */
function progressLines(output: NodeJS.WriteStream): (progress: EmbedProgress) => void {
  const started = performance.now();
  let shown = -1;
  return ({ done, total, resumed, skipped }) => {
    for (const { name, reason } of skipped) output.write(`skipped ${name}: ${reason}\n`);
    const part = Math.floor((PARTS * done) / total);
    if (part === shown && done < total) return;
    if (shown < 0 && resumed > 0) output.write(`${resumed} of ${total} photos were embedded before.\n`);
    shown = part;
    const seconds = (performance.now() - started) / 1000;
    output.write(`${done} of ${total} photos, ${((done - resumed) / seconds).toFixed(1)} a second\n`);
  };
}

function report(
  { index, photos }: EmbedCommandOptions,
  output: NodeJS.WriteStream,
  embedded: number,
  skipped: readonly SkippedPhoto[],
): void {
  if (embedded === 0) {
    const message = `none of the ${skipped.length} photos in ${photos} can be read; the first: ${skipped[0]?.name}: ${skipped[0]?.reason}`;
    throw new ExperimentError("PHOTOS", message, { skipped });
  }
  if (skipped.length > 0) output.write(`${skipped.length} photos cannot be read and were skipped.\n`);
  output.write(`${embedded} photos are in ${index}.\n`);
}

async function approximate(
  { index, approximate: wanted }: EmbedCommandOptions,
  { output, signal }: CommandContext,
  threads: number,
): Promise<void> {
  const opened = await openIndex(index);
  try {
    if (wanted !== true && opened.names.length <= EXACT_LIMIT) return;
    if (hasGraph(index) && wanted !== true) return;
    await buildShown(opened, output, signal, threads);
  } finally {
    await opened.close();
  }
}

async function buildShown(
  index: PhotoIndex,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
  threads: number,
): Promise<void> {
  let shown = 0;
  const onProgress = (done: number, total: number): void => {
    const part = Math.floor((PARTS * done) / total);
    if (part > shown) output.write(`approximate index: ${done} of ${total} vectors\n`);
    shown = part;
  };
  const { recall, queries, neighbours } = await buildGraph(index, { threads, onProgress, signal });
  const percent = (100 * recall).toFixed(1);
  output.write(
    `The approximate index finds ${percent} % of the ${neighbours} nearest that exact search finds (${queries} queries).\n`,
  );
}
