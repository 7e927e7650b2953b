import type { Value } from "../graph/graph.js";
import {
  add,
  affine,
  matmul,
  mean,
  multiply,
  rankingHinge,
  relu,
  slice,
  subtract,
  sum,
  transpose,
} from "../ops/index.js";

/** Two batches of unit vectors [N, D] whose rows pair up, with the class of every row (i32 [N]). */
export interface EmbeddedPairs {
  readonly image: Value;
  readonly text: Value;
  readonly imageLabel: Value;
  readonly textLabel: Value;
}

/**
 * Bidirectional hinge over the batch's cosine matrix, summed over rows and columns and divided by the batch
 * size. Pairs of one class are positives and never negatives. `all`: every violating negative of every
 * positive; `hardest`: each positive's largest violation only (VSE++, Faghri et al. 2018). Returns a rank-0
 * value. Throws SHAPE or DTYPE for inputs of other types, ATTRIBUTE for a margin that is not finite.
 */
export function inBatchRankingLoss(pairs: EmbeddedPairs, margin: number, mining: "all" | "hardest"): Value {
  const { image, text, imageLabel, textLabel } = pairs;
  const similarity = matmul(image, text, { transposeB: true }, "ranking.similarity");
  const swapped = transpose(similarity, { permutation: [1, 0] }, "ranking.transpose");
  const attributes = { margin, mining };
  const toText = rankingHinge(similarity, imageLabel, textLabel, attributes, "ranking.imageToText");
  const toImage = rankingHinge(swapped, textLabel, imageLabel, attributes, "ranking.textToImage");
  return mean(add(toText, toImage, "ranking.rows"), { axes: [0] }, "ranking");
}

/**
 * Paper A's ranking loss: rows of the first half are anchors, row i of the second half holds the negatives of
 * anchor i. image and text are unit vectors [N, D]; `mask` f32 [N / 2, 2] is 0 where the text (column 0) or
 * image (column 1) negative has the anchor's class. Summed over the anchors and divided by the batch size N.
 * Returns a rank-0 value. Throws ATTRIBUTE for an odd N or a margin that is not finite, SHAPE or DTYPE for
 * inputs of other types.
 */
export function pairedRankingLoss(image: Value, text: Value, mask: Value, margin: number): Value {
  const rows = image.shape[0]!;
  const half = rows / 2;
  const part = (x: Value, begin: number): Value => slice(x, { axis: 0, begin, end: begin + half });
  const [anchorImage, anchorText] = [part(image, 0), part(text, 0)];
  const positive = rowCosine(anchorImage, anchorText);
  const toText = violation(positive, rowCosine(anchorImage, part(text, half)), margin);
  const toImage = violation(positive, rowCosine(anchorText, part(image, half)), margin);
  const column = (index: number): Value => slice(mask, { axis: 1, begin: index, end: index + 1 });
  const both = add(multiply(toText, column(0)), multiply(toImage, column(1)), "ranking.anchors");
  return affine(sum(both, { axes: [0, 1] }, "ranking.sum"), { multiply: 1 / rows, add: 0 }, "ranking");
}

/** Dot products of equal rows, [N, 1]. */
function rowCosine(a: Value, b: Value): Value {
  return sum(multiply(a, b), { axes: [1], keepDims: true });
}

function violation(positive: Value, negative: Value, margin: number): Value {
  return relu(affine(subtract(negative, positive), { multiply: 1, add: margin }));
}

/** The mask f32 [N / 2, 2] that {@link pairedRankingLoss} takes, from the classes [N] of a batch's rows. */
export function pairedNegativeMask(imageLabel: Int32Array, textLabel: Int32Array): Float32Array {
  const half = imageLabel.length >> 1;
  const mask = new Float32Array(2 * half);
  for (let anchor = 0; anchor < half; anchor++) {
    mask[2 * anchor] = Number(textLabel[half + anchor] !== imageLabel[anchor]);
    mask[2 * anchor + 1] = Number(imageLabel[half + anchor] !== textLabel[anchor]);
  }
  return mask;
}
