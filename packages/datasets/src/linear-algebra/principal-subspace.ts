import { DatasetError } from "../errors.js";
import { orthonormalised, randomColumns, timesColumns, type ColumnBlocks } from "./column-blocks.js";
import type { Multiply } from "./multiply.js";

/** The mean of rows and the directions in which they vary most, as orthonormal columns [dimension, components]. */
export interface PrincipalSubspace {
  readonly mean: Float32Array;
  readonly basis: ColumnBlocks;
}

export interface PrincipalSubspaceOptions {
  readonly dimension: number;
  readonly components: number;
  /** Passes over the rows after the one for the mean; more tell close variances apart. */
  readonly passes: number;
  readonly seed: number;
  readonly multiply: Multiply;
  readonly onRows?: (pass: number, rows: number) => void;
}

/**
 * Principal component analysis by orthogonal iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4): Q becomes an
 * orthonormal basis of X'X Q in every pass. `rows` is called for each pass and yields blocks [n, dimension]; no
 * covariance matrix is formed, memory is that of two bases and a block. The basis spans the principal subspace up to a
 * rotation inside it, which keeps distances and which a linear layer behind it absorbs. Errors: `OPTION`.
 */
export async function principalSubspace(
  rows: () => AsyncIterable<Float32Array>,
  options: PrincipalSubspaceOptions,
): Promise<PrincipalSubspace> {
  const { dimension, components, passes, seed, multiply, onRows } = options;
  const { mean, count } = await meanOf(rows(), dimension, (seen) => onRows?.(0, seen));
  if (components > dimension || components >= count)
    throw new DatasetError(
      "OPTION",
      `principal components: ${components} were asked for, but there are ${count} rows of ${dimension} numbers; ` +
        "take fewer components than both",
      { components, rows: count, dimension },
    );
  let basis = await orthonormalised(randomColumns(dimension, components, seed), multiply);
  for (let pass = 1; pass <= passes; pass++) {
    const next = await onePass(rows(), mean, basis, multiply, (seen) => onRows?.(pass, seen));
    basis = await orthonormalised(next, multiply);
  }
  return { mean, basis };
}

async function meanOf(rows: AsyncIterable<Float32Array>, dimension: number, onRows: (seen: number) => void) {
  const sums = new Float64Array(dimension);
  let count = 0;
  for await (const block of rows) {
    block.forEach((value, index) => {
      const column = index % dimension;
      sums[column] = (sums[column] as number) + value;
    });
    count += block.length / dimension;
    onRows(count);
  }
  return { mean: Float32Array.from(sums, (sum) => sum / Math.max(1, count)), count };
}

/** x minus the mean, in a new array. */
export function centred(x: Float32Array, mean: Float32Array): Float32Array {
  const result = new Float32Array(x.length);
  for (let first = 0; first < x.length; first += mean.length)
    for (let column = 0; column < mean.length; column++)
      result[first + column] = (x[first + column] as number) - (mean[column] as number);
  return result;
}

/** X'X Q over all rows. */
async function onePass(
  rows: AsyncIterable<Float32Array>,
  mean: Float32Array,
  basis: ColumnBlocks,
  multiply: Multiply,
  onRows: (seen: number) => void,
): Promise<ColumnBlocks> {
  const sums = basis.blocks.map(({ width, data }) => ({ width, data: new Float32Array(data.length) }));
  let seen = 0;
  for await (const block of rows) {
    const x = centred(block, mean);
    const n = x.length / basis.rows;
    for (const [index, { width, data }] of basis.blocks.entries()) {
      const inside = await multiply({ a: x, b: data, rows: n, inner: basis.rows, columns: width });
      const back = await multiply({
        a: x,
        b: inside,
        rows: basis.rows,
        inner: n,
        columns: width,
        transposeA: true,
      });
      const sum = (sums[index] as (typeof sums)[number]).data;
      back.forEach((value, place) => (sum[place] = (sum[place] as number) + value));
    }
    onRows((seen += n));
  }
  return { ...basis, blocks: sums };
}

/** Coordinates [n, components] of rows x [n, dimension]. */
export function project(
  { mean, basis }: PrincipalSubspace,
  x: Float32Array,
  multiply: Multiply,
): Promise<Float32Array> {
  return timesColumns(centred(x, mean), basis, multiply);
}
