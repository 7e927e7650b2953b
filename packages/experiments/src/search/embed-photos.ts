import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { messageOf } from "../errors.js";
import { EmbeddingJournal, type SkippedPhoto } from "./embedding-journal.js";
import { writeIndex } from "./index-file.js";
import { listPhotos } from "./photos.js";
import type { TrainedModel } from "./trained-model.js";

export interface EmbedOptions {
  readonly photos: string;
  readonly index: string;
  readonly batchSize: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EmbedProgress) => void;
}

export interface EmbedProgress {
  readonly done: number;
  readonly total: number;
  /** Photos that an earlier command has left done. */
  readonly resumed: number;
  readonly skipped: readonly SkippedPhoto[];
}

export interface EmbedOutcome {
  readonly embedded: number;
  readonly skipped: readonly SkippedPhoto[];
}

/**
 * Embeds the photos of a folder and writes their index; goes on where an earlier call was stopped, at any moment.
 * Photos that cannot be read are left out and returned with the reason. Throws PHOTOS when none can be read; an abort
 * throws the signal's reason.
 */
export async function embedPhotos(model: TrainedModel, options: EmbedOptions): Promise<EmbedOutcome> {
  const photos = resolve(options.photos);
  const listed = await listPhotos(photos);
  mkdirSync(dirname(resolve(options.index)), { recursive: true });
  const { file, digest } = model;
  const wanted = { id: randomUUID(), checkpoint: resolve(file), checkpointDigest: digest, photos };
  const journal = EmbeddingJournal.open(options.index, wanted, model.dimension);
  try {
    await embedRest(model, journal, listed, options);
    const outcome = { embedded: journal.names.length, skipped: [...journal.skipped] };
    if (outcome.embedded > 0) await finish(journal, options.index, model.dimension);
    return outcome;
  } finally {
    journal.close();
  }
}

async function embedRest(
  model: TrainedModel,
  journal: EmbeddingJournal,
  listed: readonly string[],
  { photos, batchSize, signal, onProgress }: EmbedOptions,
): Promise<void> {
  const known = new Set([...journal.names, ...journal.skipped.map(({ name }) => name)]);
  const rest = listed.filter((name) => !known.has(name));
  const resumed = listed.length - rest.length;
  let done = resumed;
  for await (const part of decodedAhead(model, resolve(photos), rest, batchSize)) {
    signal?.throwIfAborted();
    const vectors = await model.embedPhotos(part.pixels, signal);
    journal.append({ embedded: part.embedded, skipped: part.skipped }, vectors);
    done += part.embedded.length + part.skipped.length;
    onProgress?.({ done, total: listed.length, resumed, skipped: part.skipped });
  }
}

interface DecodedPart {
  readonly embedded: string[];
  readonly pixels: Uint8Array;
  readonly skipped: SkippedPhoto[];
}

/** Decodes the next photos while the last ones are embedded. */
async function* decodedAhead(
  model: TrainedModel,
  folder: string,
  names: readonly string[],
  size: number,
): AsyncGenerator<DecodedPart> {
  const start = (first: number): Promise<DecodedPart> => {
    const part = decodePart(model, folder, names.slice(first, first + size));
    part.catch(() => undefined);
    return part;
  };
  let next = start(0);
  for (let first = 0; first < names.length; first += size) {
    const part = await next;
    next = start(first + size);
    yield part;
  }
}

async function decodePart(
  model: TrainedModel,
  folder: string,
  names: readonly string[],
): Promise<DecodedPart> {
  const decoded = await Promise.allSettled(names.map((name) => model.decode(join(folder, name))));
  const part: DecodedPart = { embedded: [], skipped: [], pixels: new Uint8Array(0) };
  const pictures: Uint8Array[] = [];
  decoded.forEach((outcome, index) => {
    const name = names[index] ?? "";
    if (outcome.status === "rejected") part.skipped.push({ name, reason: reasonOf(outcome.reason) });
    else {
      part.embedded.push(name);
      pictures.push(outcome.value);
    }
  });
  return { ...part, pixels: Buffer.concat(pictures) };
}

/** What the decoder complains of, without the path and the advice around it. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return /cannot be (?:decoded \(|read: )(.*)(?:\)|; take)/su.exec(message)?.[1] ?? message;
}

async function finish(journal: EmbeddingJournal, index: string, dimension: number): Promise<void> {
  const { description, names } = journal;
  await writeIndex(index, { ...description, names, dimension, parts: () => journal.vectors() });
  EmbeddingJournal.discard(index);
}
