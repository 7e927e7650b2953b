import type { Value } from "../graph/graph.js";
import { affine, matmul, multiply, softplus, sum } from "../ops/index.js";

/** Operands of the sigmoid loss. */
export interface SigmoidInputs {
  /** Unit vectors [N, D] and [M, D]. */
  readonly image: Value;
  readonly text: Value;
  /** f32 [N, M] from `pairSigns`. */
  readonly signs: Value;
}

/**
 * In-batch sigmoid loss (Zhai et al. 2023, SigLIP): every pair of the batch is a decision of its own, sum
 * over pairs of log(1 + exp(-z (scale cosine + bias))) / N, z = 1 for pairs of one class, else -1. Scale and
 * bias are constants here, in the paper they are learnt. Returns a rank-0 value. Throws SHAPE, DTYPE or GRAPH
 * for inputs that do not fit each other, ATTRIBUTE for a scale or bias that is not finite.
 */
export function sigmoidLoss({ image, text, signs }: SigmoidInputs, scale: number, bias: number): Value {
  const cosine = matmul(image, text, { transposeB: true }, "sigmoid.similarity");
  const logits = affine(cosine, { multiply: scale, add: bias }, "sigmoid.logits");
  const violation = softplus(affine(multiply(logits, signs), { multiply: -1 }), "sigmoid.pairs");
  return affine(sum(violation, { axes: [0, 1] }), { multiply: 1 / image.shape[0]! }, "sigmoid");
}

/** 1 where image row and text column are of one class, else -1; [N, M]. */
export function pairSigns(imageLabel: Int32Array, textLabel: Int32Array): Float32Array {
  const signs = new Float32Array(imageLabel.length * textLabel.length).fill(-1);
  imageLabel.forEach((label, row) => {
    textLabel.forEach((other, column) => {
      if (other === label) signs[row * textLabel.length + column] = 1;
    });
  });
  return signs;
}
