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
 * Word vectors for ids i32 [N, L] (0 = pad, k = row k - 1 of `<name>.weight`), plus `<name>.bias` at every
 * position, pads included: what a biased 1x1 convolution of one-hot words gives (paper A). Returns
 * (N, 1, L, dimension). Throws SHAPE for ids of another rank or a parameter that is known in another shape,
 * DTYPE unless ids are i32; an id above the vocabulary is a FEED error at the step.
 */
export function lookup(context: BuildContext, ids: Value, name: string, options: LookupOptions): Value {
  const { vocabulary, dimension, deviation } = options;
  const table = weight(context, `${name}.weight`, [vocabulary, dimension], { kind: "normal", deviation });
  const bias = weight(context, `${name}.bias`, [dimension], { kind: "constant", value: 0 });
  return embedding(table, bias, ids, name);
}
