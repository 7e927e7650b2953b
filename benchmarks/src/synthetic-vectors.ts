import type { RowSource } from "@dualpath/core";

/** Directions that vary; embeddings of real data fill far fewer than their dimension has. */
const LATENT = 16;
const NOISE = 0.1;

/** Numbers near a normal distribution, the same for the same seed: sums of four uniforms (xorshift). */
function normals(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3);
}

/** Unit vectors, row `first + i` a function of `seed` and its place alone when read in parts of equal size. */
export function syntheticVectors(count: number, dimension: number, seed: number): RowSource {
  const mixing = Float32Array.from({ length: dimension * LATENT }, normals(7));
  return {
    count,
    dimension,
    read: (first, rows) => {
      const result = new Float32Array(rows * dimension);
      for (let row = 0; row < rows; row++)
        writeRow(
          result.subarray(row * dimension, (row + 1) * dimension),
          mixing,
          normals(seed + first + row),
        );
      return result;
    },
  };
}

function writeRow(row: Float32Array, mixing: Float32Array, normal: () => number): void {
  const latent = Float32Array.from({ length: LATENT }, normal);
  let squares = 0;
  for (let at = 0; at < row.length; at++) {
    let value = NOISE * normal();
    for (let axis = 0; axis < LATENT; axis++) value += mixing[at * LATENT + axis]! * latent[axis]!;
    row[at] = value;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  for (let at = 0; at < row.length; at++) row[at]! /= length;
}
