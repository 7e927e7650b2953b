import {
  Embedder,
  evaluateEmbeddings,
  loadModel,
  Store,
  type Embeddings,
  type EvaluationConfig,
  type EvaluationResult,
  type RunDescription,
  type TrainingData,
} from "@dualpath/core";
import type { Device } from "../config/schema.js";

/** One split measured with one checkpoint. */
export interface Measurement {
  readonly split: string;
  readonly result: EvaluationResult;
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
  readonly signal?: AbortSignal;
}

/** Retrieval of splits by a checkpoint's model, on a Store of its own. Throws CHECKPOINT_* for files that do not fit. */
export async function measure(options: MeasureOptions): Promise<Measurement[]> {
  const { checkpoint, data, splits, evaluation, device, threads, expected, signal } = options;
  const store = Store.open({ device, threads });
  try {
    const { model } = await loadModel(checkpoint, store, expected);
    const source = sourceSize(data.imageShape);
    const { batchSize } = evaluation;
    const embedder = await Embedder.open(store, model, {
      batchSize,
      ...(source === undefined ? {} : { source }),
    });
    const { dimension } = embedder;
    const measured: Measurement[] = [];
    for (const split of splits) {
      const part = data.evaluation(split);
      const embeddings = await embedder.embed(part, evaluation, signal);
      const search = {
        dimension,
        galleries: evaluation.galleries,
        ...(signal === undefined ? {} : { signal }),
      };
      measured.push({
        split,
        result: await evaluateEmbeddings(store, part, embeddings, search),
        embeddings,
        dimension,
      });
    }
    await embedder.dispose();
    return measured;
  } finally {
    await store.dispose();
  }
}

/** (height, width) of stored pictures; undefined for feature vectors. */
export function sourceSize(imageShape: readonly number[] | undefined): readonly [number, number] | undefined {
  const [height, width, channels] = imageShape ?? [];
  return height === undefined || width === undefined || channels === undefined ? undefined : [height, width];
}
