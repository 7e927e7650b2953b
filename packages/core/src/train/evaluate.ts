import { z } from "zod";
import type { Store } from "../engine/store.js";
import { precision, type PrecisionSummary } from "../metrics/precision.js";
import { retrieval, type PairScore } from "../metrics/retrieval.js";
import { averageRetrieval, type RetrievalResult } from "../metrics/summary.js";
import type { DualPath } from "../models/dual-path.js";
import type { EvaluationData } from "./data.js";
import { Embedder, type Embeddings } from "./embedder.js";
import { TrainingError } from "./errors.js";
import type { SourceSize } from "./stage-graph.js";

/** How a model is measured. */
export const evaluationSchema = z.strictObject({
  split: z.string().min(1).default("validation"),
  batchSize: z.int().positive().default(128),
  flip: z.boolean().default(false).describe("adds the mirrored picture's feature"),
  convolutional: z
    .boolean()
    .optional()
    .describe("looks at every place of the whole stored pictures and averages (paper A's code)"),
  positions: z
    .union([z.int().positive(), z.array(z.number().min(0).max(1)).min(1), z.literal("all")])
    .default(1)
    .describe(
      "placements of a caption's words whose features are added: a count, places from 0 to 1, or all that fit",
    ),
  unitViews: z.boolean().default(false).describe("gives every view length 1 before views are added"),
  precision: z.boolean().default(false).describe("mAP and mINP of text to image as well (identities)"),
  galleries: z.boolean().default(true).describe("measures each named gallery of the data by itself as well"),
});

/**
 * Evaluation settings as they are declared.
 * @interface
 */
export type EvaluationInput = z.input<typeof evaluationSchema>;
/**
 * Checked evaluation settings, defaults filled in.
 * @interface
 */
export type EvaluationConfig = z.infer<typeof evaluationSchema>;

/** Retrieval on one split. */
export interface EvaluationResult {
  /** Name of the split that was measured. */
  readonly split: string;
  /** Mean over the galleries where the data name some, else the whole split. */
  readonly main: RetrievalResult;
  /** All images as one gallery. */
  readonly full: RetrievalResult;
  readonly galleries: Readonly<Record<string, RetrievalResult>>;
  /** Text to image over all matches, where the configuration asks for it. */
  readonly precision?: PrecisionSummary;
}

/** What is searched, and how. */
export interface EvaluateEmbeddingsOptions {
  readonly dimension: number;
  readonly galleries: boolean;
  readonly precision?: boolean;
  /** Scores pairs in place of their cosine. */
  readonly score?: PairScore | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Retrieval of a split by embeddings, in percent: the whole of it, and each named gallery. Throws CONFIG
 * where the precision of scored pairs is asked for, which is measured by cosine only, EMBEDDING or DISPOSED
 * as {@link matchRanks}.
 */
export async function evaluateEmbeddings(
  store: Store,
  data: EvaluationData,
  embeddings: Embeddings,
  options: EvaluateEmbeddingsOptions,
): Promise<EvaluationResult> {
  const { dimension, score, signal } = options;
  if (options.precision && score)
    throw new TrainingError("CONFIG", "evaluation.precision: takes cosines; a similarity network has none");
  const search = { ...(signal ? { signal } : {}), ...(score ? { score } : {}) };
  const texts = { embedding: embeddings.texts, labels: data.texts.labels };
  const images = { embedding: embeddings.images, labels: data.images.labels };
  const full = await retrieval(store, { images, texts, dimension }, search);
  const galleries: Record<string, RetrievalResult> = {};
  for (const gallery of options.galleries ? (data.galleries ?? []) : []) {
    const some = selectRows(images, gallery.images, dimension);
    galleries[gallery.name] = await retrieval(store, { images: some, texts, dimension }, search);
  }
  const named = Object.values(galleries);
  const main = named.length > 0 ? averageRetrieval(named) : full;
  const result = { split: data.name, main, full, galleries };
  if (!options.precision) return result;
  return { ...result, precision: await precision(store, texts, images, dimension, search) };
}

function selectRows(
  { embedding, labels }: { embedding: Float32Array; labels: Int32Array },
  rows: Int32Array,
  dimension: number,
): { embedding: Float32Array; labels: Int32Array } {
  const chosen = new Float32Array(rows.length * dimension);
  rows.forEach((row, index) => {
    chosen.set(embedding.subarray(row * dimension, (row + 1) * dimension), index * dimension);
  });
  return { embedding: chosen, labels: rows.map((row) => labels[row]!) };
}

/**
 * A number of a result by its dotted path: "rsum", "imageToText.r1", "textToImage.medianRank". Throws CONFIG
 * for a path that leads to no number.
 */
export function metricOf(result: RetrievalResult, path: string): number {
  const [first = "", second = ""] = path.split(".");
  const part: unknown = result[first as keyof RetrievalResult];
  const value: unknown = typeof part === "object" && part !== null ? part[second as keyof typeof part] : part;
  if (typeof value === "number") return value;
  throw new TrainingError(
    "CONFIG",
    `metric '${path}': expected rsum, or imageToText or textToImage with .r1 ...`,
    {
      metric: path,
    },
  );
}

/** How a model is measured once. */
export interface EvaluateOptions {
  /** (height, width) of stored pictures; default: the model's input size. */
  readonly source?: SourceSize;
  readonly signal?: AbortSignal;
}

/**
 * Embeds a split with the model on the Store and measures retrieval both ways, in percent. Throws
 * STORE_MISSING unless the Store holds the model's parameters, CONFIG, BATCH, DATA or FEED as
 * {@link Embedder}, CONFIG or EMBEDDING as {@link evaluateEmbeddings}.
 */
export async function evaluateModel(
  store: Store,
  model: DualPath,
  data: EvaluationData,
  config: EvaluationConfig,
  { source, signal }: EvaluateOptions = {},
): Promise<EvaluationResult> {
  const embedder = await Embedder.open(store, model, {
    batchSize: config.batchSize,
    source,
    convolutional: config.convolutional,
  });
  try {
    return await evaluateWith(embedder, store, data, config, signal);
  } finally {
    await embedder.dispose();
  }
}

/** As {@link evaluateModel}, with paths that are compiled already. */
export async function evaluateWith(
  embedder: Embedder,
  store: Store,
  data: EvaluationData,
  config: EvaluationConfig,
  signal?: AbortSignal,
): Promise<EvaluationResult> {
  const embeddings = await embedder.embed(data, config, signal);
  const { galleries, precision } = config;
  const { dimension, score } = embedder;
  const options = { dimension, score, galleries, precision, ...(signal ? { signal } : {}) };
  return evaluateEmbeddings(store, data, embeddings, options);
}
