import { DatasetError } from "../errors.js";
import { normals } from "../linear-algebra/column-blocks.js";
import type { Multiply } from "../linear-algebra/multiply.js";
import { centred } from "../linear-algebra/principal-subspace.js";
import { symmetricEigen } from "../linear-algebra/symmetric-eigen.js";

/** A linear map to independent components of variance 1: `unmixing` [dimension, dimension] of x - mean. */
export interface IndependentComponents {
  readonly dimension: number;
  readonly mean: Float32Array;
  readonly unmixing: Float32Array;
}

export interface IndependentComponentsOptions {
  readonly dimension: number;
  readonly seed: number;
  readonly multiply: Multiply;
  readonly iterations?: number;
  readonly onIteration?: (done: number, total: number) => void;
}

const TOLERANCE = 1e-4;
const STREAM = 1001;

/**
 * Independent component analysis by FastICA with tanh and symmetric decorrelation (Hyvarinen, 1999), as paper B does
 * it with word vectors in front of the mixture. rows is [n, dimension]. Errors: `OPTION` where n does not exceed it or
 * the rows do not fill the space.
 */
export async function independentComponents(
  rows: Float32Array,
  options: IndependentComponentsOptions,
): Promise<IndependentComponents> {
  const { dimension, seed, multiply, iterations = 100, onIteration } = options;
  const count = rows.length / dimension;
  const mean = meanRow(rows, dimension);
  const x = centred(rows, mean);
  const whitening = await whiteningOf(x, count, dimension, multiply);
  const square = { rows: dimension, inner: dimension, columns: dimension };
  const z = await multiply({ a: x, b: whitening, ...square, rows: count, transposeB: true });
  let turn = await decorrelated(normals(dimension * dimension, seed, STREAM), dimension, multiply);
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const next = await decorrelated(
      await fixedPoint(z, turn, count, dimension, multiply),
      dimension,
      multiply,
    );
    const moved = movement(turn, next, dimension);
    turn = next;
    onIteration?.(iteration, iterations);
    if (moved < TOLERANCE) break;
  }
  return { dimension, mean, unmixing: await multiply({ a: turn, b: whitening, ...square }) };
}

/** Components of rows x [n, dimension]. */
export async function unmixed(
  { dimension, mean, unmixing }: IndependentComponents,
  x: Float32Array,
  multiply: Multiply,
): Promise<Float32Array> {
  const rows = x.length / dimension;
  const a = centred(x, mean);
  return multiply({ a, b: unmixing, rows, inner: dimension, columns: dimension, transposeB: true });
}

function meanRow(rows: Float32Array, dimension: number): Float32Array {
  const sums = new Float64Array(dimension);
  rows.forEach((value, index) => {
    const column = index % dimension;
    sums[column] = (sums[column] as number) + value;
  });
  return Float32Array.from(sums, (sum) => (sum * dimension) / rows.length);
}

/** Rows are eigenvectors of the covariance divided by the root of their value. */
async function whiteningOf(
  x: Float32Array,
  count: number,
  dimension: number,
  multiply: Multiply,
): Promise<Float32Array> {
  const gram = await multiply({
    a: x,
    b: x,
    rows: dimension,
    inner: count,
    columns: dimension,
    transposeA: true,
  });
  const { values, vectors } = symmetricEigen(
    Float64Array.from(gram, (value) => value / count),
    dimension,
  );
  const [largest, smallest] = [values[0] as number, values[dimension - 1] as number];
  if (!(smallest > 1e-7 * largest))
    throw new DatasetError(
      "OPTION",
      `independent components: ${count} words do not fill a space of ${dimension} dimensions; take more words`,
      { words: count, dimension },
    );
  return Float32Array.from(vectors, (value, index) => {
    return value / Math.sqrt(values[Math.floor(index / dimension)] as number);
  });
}

/** W+ = E[tanh(W z) z'] - diag(E[1 - tanh(W z)^2]) W. */
async function fixedPoint(
  z: Float32Array,
  turn: Float32Array,
  count: number,
  dimension: number,
  multiply: Multiply,
): Promise<Float32Array> {
  const sources = await multiply({
    ...{ a: z, b: turn, rows: count, inner: dimension, columns: dimension },
    transposeB: true,
  });
  const slopes = new Float64Array(dimension);
  sources.forEach((value, index) => {
    const bent = Math.tanh(value);
    sources[index] = bent;
    const column = index % dimension;
    slopes[column] = (slopes[column] as number) + (1 - bent * bent) / count;
  });
  const correlation = await multiply({
    ...{ a: sources, b: z, rows: dimension, inner: count, columns: dimension },
    transposeA: true,
  });
  return correlation.map(
    (value, index) =>
      value / count - (slopes[Math.floor(index / dimension)] as number) * (turn[index] as number),
  );
}

const NEWTON_STEPS = 60;
const ORTHOGONAL = 1e-5;

/** (W W')^-1/2 W by W <- 1.5 W - 0.5 W W' W, which converges from a norm of at most 1. */
async function decorrelated(w: Float32Array, dimension: number, multiply: Multiply): Promise<Float32Array> {
  const square = { rows: dimension, inner: dimension, columns: dimension };
  let result = scaled(w, 1 / Math.hypot(1e-30, norm(w)));
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const gram = await multiply({ a: result, b: result, ...square, transposeB: true });
    const cubed = await multiply({ a: gram, b: result, ...square });
    result = result.map((value, index) => 1.5 * value - 0.5 * (cubed[index] as number));
    if (distanceFromIdentity(gram, dimension) < ORTHOGONAL) break;
  }
  return result;
}

const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
const scaled = (x: Float32Array, factor: number): Float32Array => x.map((value) => value * factor);

function distanceFromIdentity(gram: Float32Array, n: number): number {
  return gram.reduce(
    (largest, value, index) => Math.max(largest, Math.abs(value - Number(index % (n + 1) === 0))),
    0,
  );
}

/** The largest turn of a component, 0 where every one keeps its direction. */
function movement(before: Float32Array, after: Float32Array, n: number): number {
  let largest = 0;
  for (let row = 0; row < n; row++) {
    let cosine = 0;
    for (let k = row * n; k < (row + 1) * n; k++) cosine += (before[k] as number) * (after[k] as number);
    largest = Math.max(largest, 1 - Math.abs(cosine));
  }
  return largest;
}
