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

/** Unit vectors, held in memory; row `n` is a function of `seed + n` alone. */
export function syntheticVectors(count: number, dimension: number, seed: number): RowSource {
  const mixing = Float32Array.from({ length: dimension * LATENT }, normals(7));
  const vectors = new Float32Array(count * dimension);
  const part = (first: number, rows: number): Float32Array =>
    vectors.subarray(first * dimension, (first + rows) * dimension);
  for (let row = 0; row < count; row++) writeRow(part(row, 1), mixing, normals(seed + row));
  return { count, dimension, read: part };
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
