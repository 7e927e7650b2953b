import type { Value } from "../graph/graph.js";
import { embedding } from "../ops/index.js";
import { weight, type BuildContext } from "./context.js";

/** Extents and first values of a word table. */
export interface LookupOptions {
  /** Words, not counting the pad id 0. */
  readonly vocabulary: number;
  readonly dimension: number;
  /** Standard deviation of random word vectors. */
  readonly deviation: number;
}

/**
 * Word vectors for ids [N, L] (0 = pad, k = row k - 1 of `<name>.weight`), plus `<name>.bias` at every position,
 * pads included: what a biased 1x1 convolution of one-hot words gives. Returns (N, 1, L, dimension).
 */
export function lookup(context: BuildContext, ids: Value, name: string, options: LookupOptions): Value {
  const { vocabulary, dimension, deviation } = options;
  const table = weight(context, `${name}.weight`, [vocabulary, dimension], { kind: "normal", deviation });
  const bias = weight(context, `${name}.bias`, [dimension], { kind: "constant", value: 0 });
  return embedding(table, bias, ids, name);
}
