import type { Value } from "../graph/graph.js";
import { add, affine, matmul, transpose } from "../ops/index.js";
import { instanceLoss } from "./instance.js";

/** Far below any logit, and small enough that sums with it stay exact to a few hundredths in float32. */
const EXCLUDED = -1e5;

export interface ContrastiveInputs {
  /** Unit vectors [N, D]; row i of one pairs with row i of the other. */
  readonly image: Value;
  readonly text: Value;
  /** f32 [N, N] from {@link sameClassMask}: takes other pairs of one class out of the softmax. */
  readonly mask: Value;
  /** i32 [N]: 0, 1, ..., N - 1. */
  readonly rows: Value;
}

/**
 * In-batch softmax (InfoNCE): mean over rows and over both directions of -log softmax(scale * cosine)[own row],
 * negatives of the row's own class left out. Returns a rank-0 value.
 */
export function contrastiveLoss(inputs: ContrastiveInputs, scale: number): Value {
  const cosine = matmul(inputs.image, inputs.text, { transposeB: true }, "contrastive.similarity");
  const scaled = affine(cosine, { multiply: scale, add: 0 }, "contrastive.scaled");
  const logits = add(scaled, inputs.mask, "contrastive.logits");
  const swapped = transpose(logits, { permutation: [1, 0] }, "contrastive.transpose");
  const toText = instanceLoss(logits, inputs.rows, 0, "contrastive.imageToText");
  const toImage = instanceLoss(swapped, inputs.rows, 0, "contrastive.textToImage");
  return affine(add(toText, toImage, "contrastive.both"), { multiply: 0.5, add: 0 }, "contrastive");
}

/** 0 on the diagonal and between different classes, a large negative number between other rows of one class. */
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
