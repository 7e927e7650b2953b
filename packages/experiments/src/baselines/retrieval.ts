import { evaluateEmbeddings, type EvaluationResult, type Store } from "@dualpath/core";
import type { EvaluationData, ImageBatch, Multiply, TextBatch, TrainingData } from "@dualpath/datasets";
import { ExperimentError } from "../errors.js";
import { canonicalCorrelation, type CanonicalCorrelation, type PairedRows } from "./canonical-correlation.js";
import { canonicalEmbedding } from "./canonical-embedding.js";
import type { BaselineConfig } from "./config.js";

const BATCH = 512;

export interface LearnOptions extends Omit<BaselineConfig, "power"> {
  /** Times that every training image is read, each time with one of its captions. */
  readonly passes: number;
  readonly seed: number;
  readonly multiply: Multiply;
  /** Pairs that were read, of all. */
  readonly onPairs?: (seen: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Canonical correlation of training images and captions. Throws CONFIG_INVALID for pictures or words: both must be vectors. */
export async function learnCanonical(
  data: TrainingData,
  options: LearnOptions,
): Promise<CanonicalCorrelation> {
  const { passes, onPairs, dimensions, regularization, seed, multiply } = options;
  const [width = 0, ...others] = data.imageShape;
  if (others.length > 0 || data.textKind !== "vectors") throw notVectors(data);
  const batchSize = Math.min(BATCH, data.stepsPerEpoch(1));
  const total = passes * data.stepsPerEpoch(batchSize) * batchSize;
  return canonicalCorrelation(trainingPairs(data, batchSize, options), {
    ...{ widths: [width, data.length], dimensions, regularization, seed, multiply },
    ...(onPairs && { onPairs: (seen) => onPairs(seen, total) }),
  });
}

function notVectors({ imageShape, textKind }: TrainingData): ExperimentError {
  const message =
    `CCA relates feature vectors, but images are [${imageShape.join(", ")}] and texts are ${textKind}. ` +
    "Take features of a frozen trunk or of a file, and corpus.text.vectors, as paper-b/* do.";
  return new ExperimentError("CONFIG_INVALID", message, { imageShape, textKind });
}

async function* trainingPairs(
  data: TrainingData,
  batchSize: number,
  { passes, seed, signal }: LearnOptions,
): AsyncGenerator<PairedRows> {
  for (let epoch = 0; epoch < passes; epoch++) {
    const order = { epoch, batchSize, seed, ...(signal && { signal }) };
    for await (const { image, text } of data.batches(order))
      yield { x: image as Float32Array, y: text as Float32Array };
  }
}

export interface ScoreOptions {
  readonly power: number;
  readonly multiply: Multiply;
  readonly galleries: boolean;
  readonly signal?: AbortSignal;
}

/** Retrieval of one split by the cosine of canonical coordinates. */
export async function scoreCanonical(
  store: Store,
  data: EvaluationData,
  { x, y, correlations }: CanonicalCorrelation,
  { galleries, signal, ...options }: ScoreOptions,
): Promise<EvaluationResult> {
  const dimension = correlations.length;
  const aborting = signal && { signal };
  const imageRows = rowsOf(data.images.batches(BATCH, aborting), ({ image }: ImageBatch) => image);
  const textRows = rowsOf(data.texts.batches(BATCH, aborting), ({ text }: TextBatch) => text);
  const embeddings = {
    images: await canonicalEmbedding(x, imageRows, data.images.count, { correlations, ...options }),
    texts: await canonicalEmbedding(y, textRows, data.texts.count, { correlations, ...options }),
  };
  return evaluateEmbeddings(store, data, embeddings, { dimension, galleries, precision: false, ...aborting });
}

/** The real rows of padded batches. */
async function* rowsOf<B extends { readonly count: number }>(
  batches: AsyncIterable<B>,
  of: (batch: B) => ArrayLike<number>,
): AsyncGenerator<Float32Array> {
  for await (const batch of batches) {
    const rows = of(batch);
    yield Float32Array.from(rows).subarray(0, (rows.length / BATCH) * batch.count);
  }
}
