import type { Value } from "../graph/graph.js";
import { affine, multiply, softplus, sum } from "../ops/index.js";

/** Operands of the logistic loss. */
export interface LogisticInputs {
  /** Scores of every image against every text, [N, M]. */
  readonly scores: Value;
  /** f32 [N, M] each: 1 or -1 from `pairSigns`, and {@link pairWeights}. */
  readonly signs: Value;
  readonly weights: Value;
}

/**
 * Logistic loss of the similarity network (Wang et al. 2018, section 3.3): sum over pairs of weight times
 * log(1 + exp(-sign * score)), divided by the images. Returns a rank-0 value. Throws SHAPE, DTYPE or GRAPH
 * for operands that do not fit each other.
 */
export function logisticLoss({ scores, signs, weights }: LogisticInputs): Value {
  const violation = softplus(affine(multiply(scores, signs), { multiply: -1 }), "logistic.pairs");
  const total = sum(multiply(violation, weights, "logistic.weighted"), { axes: [0, 1] });
  return affine(total, { multiply: 1 / scores.shape[0]! }, "logistic");
}

/**
 * Weights of all pairs, f32 [N, M] from the classes of N images and M texts: an image's positives weigh 1
 * together, its negatives `negatives` together - what drawing so many negatives for each positive pair comes
 * to on average.
 */
export function pairWeights(imageLabel: Int32Array, textLabel: Int32Array, negatives: number): Float32Array {
  const weights = new Float32Array(imageLabel.length * textLabel.length);
  imageLabel.forEach((label, row) => {
    const positives = textLabel.reduce((count, other) => count + Number(other === label), 0);
    const others = textLabel.length - positives;
    textLabel.forEach((other, column) => {
      weights[row * textLabel.length + column] = other === label ? 1 / positives : negatives / others;
    });
  });
  return weights;
}
