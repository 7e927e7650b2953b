import { randomStream } from "../loader/random.js";
import type { Multiply } from "./multiply.js";

/** A matrix [rows, columns] cut into blocks of columns, each row-major [rows, width]: no product needs all of it. */
export interface ColumnBlocks {
  readonly rows: number;
  readonly columns: number;
  readonly blocks: readonly ColumnBlock[];
}

export interface ColumnBlock {
  readonly width: number;
  readonly data: Float32Array;
}

const BLOCK_WIDTH = 256;
const STREAM = 0xda7a0101;
/** Rounds that make float32 columns orthogonal to float32 precision. */
const ROUNDS = 2;
const CHOLESKY_ROUNDS = 3;

/** Standard normal numbers (Box-Muller), a pure function of seed and stream. */
export function normals(count: number, seed: number, stream: number): Float32Array {
  const random = randomStream(seed, STREAM, stream);
  return Float32Array.from({ length: count }, (_, index) => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform(2 * index)));
    return radius * Math.cos(2 * Math.PI * random.uniform(2 * index + 1));
  });
}

/** Random columns to begin with. */
export function randomColumns(rows: number, columns: number, seed: number): ColumnBlocks {
  const count = Math.ceil(columns / BLOCK_WIDTH);
  const blocks = Array.from({ length: count }, (_, index) => {
    const width = Math.min(BLOCK_WIDTH, columns - index * BLOCK_WIDTH);
    return { width, data: normals(rows * width, seed, index) };
  });
  return { rows, columns, blocks };
}

/** x [n, rows] times the matrix: [n, columns]. */
export async function timesColumns(
  x: Float32Array,
  matrix: ColumnBlocks,
  multiply: Multiply,
): Promise<Float32Array> {
  const n = x.length / matrix.rows;
  const result = new Float32Array(n * matrix.columns);
  let first = 0;
  for (const { width, data } of matrix.blocks) {
    const part = await multiply({ a: x, b: data, rows: n, inner: matrix.rows, columns: width });
    for (let row = 0; row < n; row++)
      result.set(part.subarray(row * width, (row + 1) * width), row * matrix.columns + first);
    first += width;
  }
  return result;
}

/** Columns that span the same space and are orthonormal: Gram-Schmidt by blocks, twice, and Cholesky QR inside. */
export async function orthonormalised(matrix: ColumnBlocks, multiply: Multiply): Promise<ColumnBlocks> {
  const { rows } = matrix;
  const done: ColumnBlock[] = [];
  for (const { width, data } of matrix.blocks) {
    const block = { width, data: Float32Array.from(data) };
    for (let round = 0; round < ROUNDS; round++) {
      scaleColumns(block, rows);
      for (const other of done) await subtractProjection(block, other, rows, multiply);
    }
    await choleskyQr(block, rows, multiply);
    done.push(block);
  }
  return { ...matrix, blocks: done };
}

async function subtractProjection(
  { width, data }: ColumnBlock,
  other: ColumnBlock,
  rows: number,
  multiply: Multiply,
): Promise<void> {
  const inside = await multiply({
    a: other.data,
    b: data,
    rows: other.width,
    inner: rows,
    columns: width,
    transposeA: true,
  });
  const part = await multiply({ a: other.data, b: inside, rows, inner: other.width, columns: width });
  part.forEach((value, index) => (data[index] = (data[index] as number) - value));
}

/** Gives every column length 1; a column of zeros becomes a unit vector. */
function scaleColumns({ width, data }: ColumnBlock, rows: number): void {
  const squares = new Float64Array(width);
  data.forEach(
    (value, index) => (squares[index % width] = (squares[index % width] as number) + value * value),
  );
  squares.forEach((square, column) => {
    if (square === 0) data[(column % rows) * width + column] = squares[column] = 1;
  });
  data.forEach((value, index) => (data[index] = value / Math.sqrt(squares[index % width] as number)));
}

/** Orthonormal columns in place: Y R^-1 with R R-transposed the Gram matrix, until float32 cannot do better. */
async function choleskyQr(block: ColumnBlock, rows: number, multiply: Multiply): Promise<void> {
  const { width, data } = block;
  for (let round = 0; round < CHOLESKY_ROUNDS; round++) {
    scaleColumns(block, rows);
    const gram = await multiply({
      a: data,
      b: data,
      rows: width,
      inner: rows,
      columns: width,
      transposeA: true,
    });
    const inverse = inverseCholesky(Float64Array.from(gram), width);
    const b = Float32Array.from(inverse);
    data.set(await multiply({ a: data, b, rows, inner: width, columns: width, transposeB: true }));
  }
}

/** Keeps the factor of a Gram matrix of nearly dependent unit columns finite in float32. */
const SHIFT = 1e-6;

/** L^-1 of the Cholesky factor L of a symmetric matrix [n, n], which is overwritten; both lower triangles. */
export function inverseCholesky(gram: Float64Array, n: number, shift = SHIFT): Float64Array {
  for (let index = 0; index < n; index++)
    gram[index * n + index] = (gram[index * n + index] as number) + shift;
  const inverse = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const sum = (gram[row * n + column] as number) - dot(gram, row * n, gram, column * n, column);
      gram[row * n + column] =
        column < row ? sum / (gram[column * n + column] as number) : Math.sqrt(Math.max(sum, shift));
    }
    invertRow(gram, inverse, n, row);
  }
  return inverse;
}

function dot(a: Float64Array, fromA: number, b: Float64Array, fromB: number, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++)
    sum += (a[fromA + index] as number) * (b[fromB + index] as number);
  return sum;
}

/** Row `row` of L^-1 from the rows before it. */
function invertRow(l: Float64Array, inverse: Float64Array, n: number, row: number): void {
  const pivot = l[row * n + row] as number;
  const target = inverse.subarray(row * n, row * n + row + 1);
  for (let k = 0; k < row; k++) {
    const factor = (l[row * n + k] as number) / pivot;
    for (let column = 0; column <= k; column++)
      target[column] = (target[column] as number) - factor * (inverse[k * n + column] as number);
  }
  target[row] = 1 / pivot;
}
