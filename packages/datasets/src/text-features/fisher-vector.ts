import { componentConstants, componentLogs, type HybridMixture } from "./hybrid-mixture.js";

/** Numbers of a Fisher vector: locations and spreads of every component and dimension. */
export const fisherDimension = ({ centres, dimension }: HybridMixture): number => 2 * centres * dimension;

/** Responsibilities below this add nothing that float32 shows. */
const NEGLIGIBLE = 1e-9;

/**
 * Fisher vector of the words x [n, dimension] of one text, written to `target` [2 * centres * dimension]: the mean
 * gradient of their log likelihood in all locations, then in all spreads, each divided by the root of its Fisher
 * information (Klein et al., 2015): weight / sigma^2 and 2 weight / sigma^2 for Gaussians, weight / s^2 for both
 * parameters of Laplacians. A text without words is zero.
 */
export function fisherGradient(mixture: HybridMixture, x: Float32Array, target: Float64Array): void {
  const { centres, dimension, weights } = mixture;
  const words = x.length / dimension;
  const logs = new Float64Array(centres);
  const constants = componentConstants(mixture);
  target.fill(0);
  for (let word = 0; word < words; word++) {
    const total = componentLogs(mixture, constants, x, word * dimension, logs);
    for (let k = 0; k < centres; k++) {
      const share = Math.exp((logs[k] as number) - total);
      if (share < NEGLIGIBLE) continue;
      addWord(mixture, x, word * dimension, k, share / (words * Math.sqrt(weights[k] as number)), target);
    }
  }
}

function addWord(
  { centres, dimension, gaussian, location, spread }: HybridMixture,
  x: Float32Array,
  first: number,
  k: number,
  factor: number,
  target: Float64Array,
): void {
  const half = centres * dimension;
  for (let d = 0; d < dimension; d++) {
    const at = k * dimension + d;
    const offset = ((x[first + d] as number) - (location[at] as number)) / (spread[at] as number);
    const byLocation = gaussian[at] === 1 ? offset : Math.sign(offset);
    const bySpread = gaussian[at] === 1 ? (offset * offset - 1) * Math.SQRT1_2 : Math.abs(offset) - 1;
    target[at] = (target[at] as number) + factor * byLocation;
    target[half + at] = (target[half + at] as number) + factor * bySpread;
  }
}

/** {@link fisherGradient} with the root of every number, its sign kept, and length 1 (Perronnin et al., 2010). */
export function writeFisherVector(
  mixture: HybridMixture,
  x: Float32Array,
  gradient: Float64Array,
  target: Float32Array,
): void {
  fisherGradient(mixture, x, gradient);
  // The square of a signed root is the number's size: their sum is the squared length.
  const length = Math.sqrt(gradient.reduce((sum, value) => sum + Math.abs(value), 0));
  gradient.forEach((value, place) => {
    target[place] = length === 0 ? 0 : (Math.sign(value) * Math.sqrt(Math.abs(value))) / length;
  });
}
