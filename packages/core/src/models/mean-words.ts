import type { Value } from "../graph/graph.js";
import { batchNormalization } from "../layers/batch-norm.js";
import { weight, type BuildContext } from "../layers/context.js";
import { lookup } from "../layers/lookup.js";
import { affine, cast, divide, globalAveragePool, relu, subtract, sum } from "../ops/index.js";
import type { MeanWordsConfig } from "./schema.js";

/** Batch norm of a caption's mean word vector. ids is i32 [N, length]; returns [N, wordDimension]. */
export function meanWords(
  context: BuildContext,
  ids: Value,
  name: string,
  config: MeanWordsConfig,
  vocabulary: number,
): Value {
  const { wordDimension: dimension, wordDeviation: deviation } = config;
  const words = lookup(context, ids, `${name}.lookup`, { vocabulary, dimension, deviation });
  const mean = meanOfWords(context, ids, words, name);
  return batchNormalization(context, mean, `${name}.trunk.bn0`, config.batchNorm);
}

/**
 * Mean over the filled positions of looked-up words (N, 1, L, D), the lookup's bias taken off again, since pads carry
 * it too; zero for an empty caption. Returns [N, D].
 */
export function meanOfWords(context: BuildContext, ids: Value, words: Value, name: string): Value {
  const [, , length, dimension] = words.shape as [number, number, number, number];
  const bias = weight(context, `${name}.lookup.bias`, [dimension], { kind: "constant", value: 0 });
  const mean = subtract(globalAveragePool(words, `${name}.mean.pool`), bias, `${name}.mean.words`);
  return divide(affine(mean, { multiply: length }), wordCount(ids, `${name}.mean.count`), `${name}.mean`);
}

/** max(1, number of ids above 0) per row, f32 [N, 1]; min(1, id) is written as 1 - max(0, 1 - id). */
function wordCount(ids: Value, name: string): Value {
  const empty = relu(affine(cast(ids, { dtype: "f32" }), { multiply: -1, add: 1 }));
  const filled = sum(affine(empty, { multiply: -1, add: 1 }), { axes: [1], keepDims: true });
  return affine(relu(affine(filled, { add: -1 })), { add: 1 }, name);
}
