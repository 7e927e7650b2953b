import {
  averageRetrieval,
  Embedder,
  evaluateEmbeddings,
  loadModel,
  roundWeights,
  Store,
  type Embeddings,
  type EvaluationConfig,
  type EvaluationResult,
  type RunDescription,
} from "@dualpath/core";
import type { TrainingData } from "@dualpath/datasets";
import type { Device } from "../config/schema.js";
import { matchingSplits } from "./open-data.js";

/** One split measured with one checkpoint. */
export interface Measurement {
  readonly split: string;
  readonly result: EvaluationResult;
  /** Those of the first part, where the result is a mean of several. */
  readonly embeddings: Embeddings;
  readonly dimension: number;
}

export interface MeasureOptions {
  readonly checkpoint: string;
  readonly data: TrainingData;
  readonly splits: readonly string[];
  readonly evaluation: EvaluationConfig;
  readonly device: Device;
  readonly threads: number;
  /** Model and sizes that the checkpoint must have. */
  readonly expected?: Pick<RunDescription, "model" | "sizes">;
  /** Measure the model as it is exported with int8 weights. */
  readonly int8?: boolean | undefined;
  readonly signal?: AbortSignal;
}

/** Retrieval of splits by a checkpoint's model, on a Store of its own. Throws CHECKPOINT_* for files that do not fit. */
export async function measure(options: MeasureOptions): Promise<Measurement[]> {
  const { checkpoint, data, splits, evaluation, device, threads, expected, signal } = options;
  const store = Store.open({ device, threads });
  try {
    const { model } = await loadModel(checkpoint, store, expected);
    if (options.int8 === true) await roundWeights(store, model);
    const source = sourceSize(data.imageShape);
    const { batchSize, convolutional } = evaluation;
    const embedder = await Embedder.open(store, model, {
      batchSize,
      convolutional,
      ...(source === undefined ? {} : { source }),
    });
    const { dimension, score } = embedder;
    const measured: Measurement[] = [];
    const { galleries, precision } = evaluation;
    const search = { dimension, score, galleries, precision, ...(signal === undefined ? {} : { signal }) };
    for (const split of splits) {
      const results: EvaluationResult[] = [];
      let first: Embeddings | undefined;
      for (const name of matchingSplits(data, split)) {
        const part = data.evaluation(name);
        const embeddings = await embedder.embed(part, evaluation, signal);
        results.push(await evaluateEmbeddings(store, part, embeddings, search));
        first ??= embeddings;
      }
      const result = meanResult(split, results);
      measured.push({ split, result, embeddings: first!, dimension });
    }
    await embedder.dispose();
    return measured;
  } finally {
    await store.dispose();
  }
}

/** The result of one part as it is; of several (the folds of MSCOCO 1K) their mean. */
export function meanResult(split: string, parts: readonly EvaluationResult[]): EvaluationResult {
  const [first] = parts;
  if (first === undefined) throw new RangeError(`no split matches '${split}'`);
  if (parts.length === 1) return first;
  const mean = averageRetrieval(parts.map(({ full }) => full));
  const name = meanName(first.split, split, parts.length);
  return { split: name, main: mean, full: mean, galleries: {} };
}

const meanName = (first: string, pattern: string, parts: number): string =>
  `${first.replace(/[^/]*$/, "")}${pattern}, mean of ${parts}`;

/** The name that a split, or the mean over all that a pattern matches, has in results. */
export function measuredName(data: TrainingData, split: string): string {
  const names = matchingSplits(data, split);
  const first = data.evaluation(names[0] ?? split).name;
  return names.length > 1 ? meanName(first, split, names.length) : first;
}

/** (height, width) of stored pictures; undefined for feature vectors. */
export function sourceSize(imageShape: readonly number[] | undefined): readonly [number, number] | undefined {
  const [height, width, channels] = imageShape ?? [];
  return height === undefined || width === undefined || channels === undefined ? undefined : [height, width];
}
