import {
  inverseCholesky,
  orthonormalised,
  plainMultiply,
  randomColumns,
  symmetricEigen,
  type Multiply,
} from "@dualpath/datasets";
import { ExperimentError } from "../errors.js";

/** Rows that belong together, [count, dimension] each. */
export interface PairedRows {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export interface CorrelationOptions {
  /** Numbers in a row of x and of y. */
  readonly widths: readonly [x: number, y: number];
  /** Canonical directions to keep. */
  readonly dimensions: number;
  /** Added to both covariances, as a share of their mean variance. */
  readonly regularization: number;
  readonly seed: number;
  readonly multiply?: Multiply;
  readonly onPairs?: (seen: number) => void;
}

/** One view's linear map: (row - mean) times `directions` [width, dimensions]. */
export interface CanonicalView {
  readonly mean: Float32Array;
  readonly directions: Float32Array;
}

/** Directions of largest correlation, in which both views have variance 1, and the correlations. */
export interface CanonicalCorrelation {
  readonly x: CanonicalView;
  readonly y: CanonicalView;
  readonly correlations: Float64Array;
}

/** Rounds of orthogonal iteration for the leading singular vectors. */
const ROUNDS = 12;

/**
 * Regularised canonical correlation analysis (Hotelling, 1936): the leading singular vectors of
 * Lx^-1 Cxy Ly^-T, where Lx and Ly are the Cholesky factors of the covariances. Pairs are read once; memory is that of the
 * covariances. Throws DATA for fewer than two pairs, or more directions than either view has numbers.
 */
export async function canonicalCorrelation(
  pairs: AsyncIterable<PairedRows>,
  options: CorrelationOptions,
): Promise<CanonicalCorrelation> {
  const { widths, dimensions, regularization, multiply = plainMultiply } = options;
  const [p, q] = widths;
  if (dimensions > Math.min(p, q)) {
    const message = `CCA: ${dimensions} directions were asked for, but the views have ${p} and ${q} numbers.`;
    throw new ExperimentError("DATA", message, { dimensions, p, q });
  }
  const { covariances, means } = await covariancesOf(pairs, { ...options, multiply });
  const [whitenX, whitenY] = [
    whitening(covariances.xx, p, regularization),
    whitening(covariances.yy, q, regularization),
  ];
  const half = await multiply({ a: whitenX, b: covariances.xy, rows: p, inner: p, columns: q });
  const matrix = await multiply({ a: half, b: whitenY, rows: p, inner: q, columns: q, transposeB: true });
  const { left, right, values } = await leadingSingular(matrix, options, multiply);
  const back = (whiten: Float32Array, vectors: Float32Array, width: number) =>
    multiply({ a: whiten, b: vectors, rows: width, inner: width, columns: dimensions, transposeA: true });
  return {
    x: { mean: means[0], directions: await back(whitenX, left, p) },
    y: { mean: means[1], directions: await back(whitenY, right, q) },
    correlations: values,
  };
}

interface Moments {
  readonly covariances: Readonly<Record<"xx" | "yy" | "xy", Float32Array>>;
  readonly means: readonly [Float32Array, Float32Array];
}

/** Sums of products over all blocks, in float64. */
async function covariancesOf(
  pairs: AsyncIterable<PairedRows>,
  { widths, multiply, onPairs }: CorrelationOptions & { readonly multiply: Multiply },
): Promise<Moments> {
  const [p, q] = widths;
  const sums = { xx: new Float64Array(p * p), yy: new Float64Array(q * q), xy: new Float64Array(p * q) };
  const [sumX, sumY] = [new Float64Array(p), new Float64Array(q)];
  let count = 0;
  for await (const { x, y } of pairs) {
    const rows = x.length / p;
    const product = (a: Float32Array, b: Float32Array, of: readonly [number, number]) =>
      multiply({ a, b, rows: of[0], inner: rows, columns: of[1], transposeA: true });
    addTo(sums.xx, await product(x, x, [p, p]));
    addTo(sums.yy, await product(y, y, [q, q]));
    addTo(sums.xy, await product(x, y, [p, q]));
    x.forEach((value, index) => (sumX[index % p]! += value));
    y.forEach((value, index) => (sumY[index % q]! += value));
    count += rows;
    onPairs?.(count);
  }
  if (count < 2)
    throw new ExperimentError("DATA", `CCA: expected two pairs or more, got ${count}.`, { count });
  const covariance = (sum: Float64Array, a: Float64Array, b: Float64Array): Float32Array =>
    Float32Array.from(sum, (value, index) => {
      const [row, column] = [Math.floor(index / b.length), index % b.length];
      return (value - (a[row]! * b[column]!) / count) / (count - 1);
    });
  return {
    covariances: {
      xx: covariance(sums.xx, sumX, sumX),
      yy: covariance(sums.yy, sumY, sumY),
      xy: covariance(sums.xy, sumX, sumY),
    },
    means: [sumX.map((sum) => sum / count), sumY.map((sum) => sum / count)].map((mean) =>
      Float32Array.from(mean),
    ) as [Float32Array, Float32Array],
  };
}

function addTo(sums: Float64Array, values: Float32Array): void {
  for (let index = 0; index < sums.length; index++) sums[index]! += values[index]!;
}

/** L^-1 of the regularised covariance L L'. */
function whitening(covariance: Float32Array, n: number, regularization: number): Float32Array {
  const gram = Float64Array.from(covariance);
  let trace = 0;
  for (let index = 0; index < n; index++) trace += gram[index * n + index]!;
  return Float32Array.from(inverseCholesky(gram, n, (regularization * trace) / n + Number.MIN_VALUE));
}

/** Leading singular triplets of a matrix [p, q]: orthogonal iteration, then the small problem exactly. */
async function leadingSingular(
  matrix: Float32Array,
  { widths: [p, q], dimensions, seed }: CorrelationOptions,
  multiply: Multiply,
): Promise<{ left: Float32Array; right: Float32Array; values: Float64Array }> {
  const extra = Math.min(Math.min(p, q), dimensions + 16);
  let basis = joined(await orthonormalised(randomColumns(q, extra, seed), multiply));
  const forward = (v: Float32Array) => multiply({ a: matrix, b: v, rows: p, inner: q, columns: extra });
  for (let round = 0; round < ROUNDS; round++) {
    const image = await forward(basis);
    const data = await multiply({ a: matrix, b: image, rows: q, inner: p, columns: extra, transposeA: true });
    basis = joined(
      await orthonormalised({ rows: q, columns: extra, blocks: [{ width: extra, data }] }, multiply),
    );
  }
  const image = await forward(basis);
  const gram = await multiply({
    a: image,
    b: image,
    rows: extra,
    inner: p,
    columns: extra,
    transposeA: true,
  });
  const { values, vectors } = symmetricEigen(Float64Array.from(gram), extra);
  const kept = Float32Array.from(vectors.subarray(0, dimensions * extra));
  const turn = (of: Float32Array, rows: number) =>
    multiply({ a: of, b: kept, rows, inner: extra, columns: dimensions, transposeB: true });
  const sizes = values.subarray(0, dimensions).map((value) => Math.sqrt(Math.max(0, value)));
  const left = await turn(image, p);
  left.forEach((value, index) => (left[index] = value / Math.max(1e-12, sizes[index % dimensions]!)));
  return { left, right: await turn(basis, q), values: sizes };
}

/** The columns of all blocks as one matrix. */
function joined({ rows, columns, blocks }: Awaited<ReturnType<typeof orthonormalised>>): Float32Array {
  const result = new Float32Array(rows * columns);
  let first = 0;
  for (const { width, data } of blocks) {
    for (let row = 0; row < rows; row++)
      result.set(data.subarray(row * width, (row + 1) * width), row * columns + first);
    first += width;
  }
  return result;
}

/**
 * Rows x [n, width] in canonical coordinates [n, dimensions]. `power` weighs each by its correlation to that power:
 * normalised CCA takes 4 (Gong et al., 2014), plain CCA 0; both compare by cosine.
 */
export async function canonicalRows(
  { mean, directions }: CanonicalView,
  x: Float32Array,
  correlations: Float64Array,
  power: number,
  multiply: Multiply = plainMultiply,
): Promise<Float32Array> {
  const [inner, columns] = [mean.length, correlations.length];
  const rows = x.length / inner;
  const centred = x.map((value, index) => value - mean[index % inner]!);
  const projected = await multiply({ a: centred, b: directions, rows, inner, columns });
  const weights = correlations.map((value) => value ** power);
  return projected.map((value, index) => value * weights[index % columns]!);
}
