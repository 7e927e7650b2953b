import { normalizeRows } from "@dualpath/core";
import type { Multiply } from "@dualpath/datasets";
import { canonicalRows, type CanonicalView } from "./canonical-correlation.js";

export interface CanonicalEmbeddingOptions {
  readonly correlations: Float64Array;
  /** Weight of a direction: its correlation to this power. */
  readonly power: number;
  readonly multiply: Multiply;
}

/** `count` rows of one view [count, dimensions], given block by block, as unit vectors in canonical coordinates. */
export async function canonicalEmbedding(
  view: CanonicalView,
  blocks: AsyncIterable<Float32Array>,
  count: number,
  { correlations, power, multiply }: CanonicalEmbeddingOptions,
): Promise<Float32Array> {
  const result = new Float32Array(count * correlations.length);
  let filled = 0;
  for await (const rows of blocks) {
    const coordinates = await canonicalRows(view, rows, correlations, power, multiply);
    result.set(coordinates, filled);
    filled += coordinates.length;
  }
  normalizeRows(result, correlations.length);
  return result;
}
