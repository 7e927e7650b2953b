import type { Value } from "../graph/graph.js";
import { add, affine, matmul, multiply, subtract, sum, transpose } from "../ops/index.js";
import { instanceLoss } from "./instance.js";

/** Far below any logit, and small enough that sums with it stay exact to a few hundredths in float32. */
const EXCLUDED = -1e5;

/** A batch of embedded pairs, and which pairs count. */
export interface ContrastiveInputs {
  /** Unit vectors [N, D]; row i of one pairs with row i of the other. */
  readonly image: Value;
  readonly text: Value;
  /** f32 [N, N] from {@link sameClassMask}: takes other pairs of one class out of the softmax. */
  readonly mask?: Value;
  /** f32 [N, N] each from {@link positiveShares}, images to texts and back: makes them positives instead. */
  readonly shares?: readonly [toText: Value, toImage: Value];
  /** i32 [N]: 0, 1, ..., N - 1. */
  readonly rows: Value;
}

/**
 * In-batch softmax (InfoNCE, van den Oord et al. 2018): mean over rows and over both directions of -log
 * softmax(scale * cosine)[own row], negatives of the row's own class left out with `mask`; with `shares` the
 * mean over all positives of the row's class. Returns a rank-0 value. Throws SHAPE or DTYPE for inputs of
 * other types, ATTRIBUTE for a scale that is not finite, GRAPH for values of two graphs.
 */
export function contrastiveLoss(inputs: ContrastiveInputs, scale: number): Value {
  const cosine = matmul(inputs.image, inputs.text, { transposeB: true }, "contrastive.similarity");
  const scaled = affine(cosine, { multiply: scale, add: 0 }, "contrastive.scaled");
  const logits = inputs.mask ? add(scaled, inputs.mask, "contrastive.logits") : scaled;
  const swapped = transpose(logits, { permutation: [1, 0] }, "contrastive.transpose");
  const direction = (x: Value, share: Value | undefined, name: string): Value => {
    const own = instanceLoss(x, inputs.rows, 0, name);
    return share ? subtract(own, sharedPositives(x, share, name), `${name}.shared`) : own;
  };
  const toText = direction(logits, inputs.shares?.[0], "contrastive.imageToText");
  const toImage = direction(swapped, inputs.shares?.[1], "contrastive.textToImage");
  return affine(add(toText, toImage, "contrastive.both"), { multiply: 0.5, add: 0 }, "contrastive");
}

/** Mean over rows of sum over columns of logit times (share of the positives, less 1 for the own column). */
function sharedPositives(logits: Value, share: Value, name: string): Value {
  const product = multiply(logits, share, `${name}.positives`);
  return affine(sum(product, { axes: [0, 1] }), { multiply: 1 / logits.shape[0]! }, `${name}.positive`);
}

/**
 * The shares that {@link contrastiveLoss} takes, f32 [N, N] from the classes [N] of rows and columns: 1 /
 * (columns of the row's class) where the classes agree, else 0; less 1 on the diagonal.
 */
export function positiveShares(rowLabel: Int32Array, columnLabel: Int32Array): Float32Array {
  const rows = rowLabel.length;
  const shares = new Float32Array(rows * rows);
  rowLabel.forEach((label, row) => {
    const positives = columnLabel.reduce((count, other) => count + Number(other === label), 0);
    columnLabel.forEach((other, column) => {
      shares[row * rows + column] = (other === label ? 1 / positives : 0) - Number(column === row);
    });
  });
  return shares;
}

/**
 * The mask that {@link contrastiveLoss} takes, f32 [N, N] from the classes [N] of images and texts: 0 on the
 * diagonal and between different classes, a large negative number between other rows of one class.
 */
export function sameClassMask(imageLabel: Int32Array, textLabel: Int32Array): Float32Array {
  const rows = imageLabel.length;
  const mask = new Float32Array(rows * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < rows; column++) {
      if (row !== column && imageLabel[row] === textLabel[column]) mask[row * rows + column] = EXCLUDED;
    }
  }
  return mask;
}
