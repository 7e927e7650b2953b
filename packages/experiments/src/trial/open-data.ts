import { join } from "node:path";
import { matchesGlob } from "@dualpath/core";
import {
  openCorpus,
  type Corpus,
  type CorpusConfig,
  type Multiply,
  type TextRows,
  type TrainingData,
} from "@dualpath/datasets";
import { canonicalJson, digest } from "../config/identity.js";
import { nearest } from "../config/nearest.js";
import { ExperimentError } from "../errors.js";
import type { ImageSource } from "./frozen-features.js";
import type { Workspace } from "../workspace/root.js";

/** A corpus, opened and ready to train on. */
export interface OpenedData {
  readonly corpus: Corpus;
  readonly data: TrainingData;
}

export interface OpenDataOptions {
  readonly workspace: Workspace;
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Takes the place of the corpus's pictures. */
  readonly images?: ImageSource;
  /** Multiplies the large matrices of Fisher vectors; without it their rows tell their length only. */
  readonly multiply?: Multiply;
}

/** Opens a corpus; its pictures are decoded into `.dualpath/corpora` the first time. */
export async function openData(config: CorpusConfig, options: OpenDataOptions): Promise<OpenedData> {
  const { workspace, onProgress, signal, multiply } = options;
  const corpus = await openCorpus(config, {
    cacheDirectory: join(workspace.local, "corpora"),
    ...(onProgress === undefined ? {} : { onProgress: tenths(onProgress) }),
    ...(signal === undefined ? {} : { signal }),
    ...(multiply === undefined ? {} : { multiply }),
  });
  try {
    const images = await options.images?.(corpus);
    const texts = multiply === undefined ? declaredTexts(config, corpus) : undefined;
    const data = await corpus.trainingData({ ...(images && { images }), ...(texts && { texts }) });
    return { corpus, data };
  } catch (error) {
    await corpus.close();
    throw error;
  }
}

/** Rows that tell their length only: Fisher vectors are computed by a trial, with the engine. */
function declaredTexts({ text }: CorpusConfig, { captions }: Corpus): TextRows | undefined {
  const { vectors } = text;
  if (vectors?.kind !== "fisher" || vectors.components === "all") return undefined;
  const length = vectors.components;
  return {
    kind: "vectors",
    count: captions.length,
    length,
    filled: () => length,
    allocate: (rows) => new Float32Array(rows * length),
    write: () => {
      throw new ExperimentError("DATA", "text vectors: nothing was computed yet; only a trial computes them");
    },
  };
}

const PARTS = 10;

// A line for every tenth of a task, and none for the rest.
function tenths(
  write: (line: string) => void,
): (progress: { task: string; done: number; total: number }) => void {
  const shown = new Map<string, number>();
  return ({ task, done, total }) => {
    const part = total === 0 ? PARTS : Math.floor((PARTS * done) / total);
    if ((shown.get(task) ?? -1) >= part) return;
    shown.set(task, part);
    write(`${task}: ${done} of ${total}`);
  };
}

/** The splits that a name stands for: itself, or with a * all that it matches, in the data's order. */
export function matchingSplits({ splits }: Pick<TrainingData, "splits">, name: string): readonly string[] {
  if (!name.includes("*")) return splits.filter((split) => split === name);
  return splits.filter((split) => matchesGlob(name, split));
}

/** Throws DATA when a split that the config names is not in the data. */
export function requireSplits(data: TrainingData, splits: readonly string[], place: string): void {
  for (const split of splits) {
    if (matchingSplits(data, split).length > 0) continue;
    const guess = nearest(split, data.splits);
    const hint = guess === undefined ? "" : `; did you mean '${guess}'?`;
    const message = `${place}: the corpus has no split '${split}'${hint} (known: ${data.splits.join(", ")})`;
    throw new ExperimentError("DATA", message, { split, known: data.splits });
  }
}

/** Throws DATA when a split has no gallery of the name. */
export function requireGallery(data: TrainingData, split: string, gallery: string | undefined): void {
  const [first = split] = matchingSplits(data, split);
  const galleries = data.evaluation(first).galleries?.map(({ name }) => name) ?? [];
  if (gallery === undefined || galleries.includes(gallery)) return;
  const known = galleries.length === 0 ? "it has none" : `known: ${galleries.join(", ")}`;
  const message = `report.gallery: split '${split}' has no gallery '${gallery}' (${known})`;
  throw new ExperimentError("DATA", message, { split, gallery, known: galleries });
}

const DIGEST_LENGTH = 32;

/** Stands for everything that a trial learns from: equal data, equal digest. */
export function dataDigest(config: CorpusConfig, { corpus, data }: OpenedData): string {
  const fingerprints = data.splits.map((split) => [split, data.evaluation(split).fingerprint]);
  return digest(
    canonicalJson({ config, vocabulary: corpus.vocabulary.checksum, fingerprints }),
    DIGEST_LENGTH,
  );
}
