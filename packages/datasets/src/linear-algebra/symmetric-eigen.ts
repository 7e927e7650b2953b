/** Eigenvalues, largest first, and their unit eigenvectors as rows of `vectors` [n, n]. */
export interface EigenDecomposition {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

const MAXIMUM_SWEEPS = 60;
const RELATIVE_TOLERANCE = 1e-26;

/** Eigen-decomposition of a symmetric matrix [n, n] by cyclic Jacobi rotations: for n up to some hundreds. */
export function symmetricEigen(matrix: Float64Array, n: number): EigenDecomposition {
  const a = Float64Array.from(matrix);
  const vectors = identity(n);
  const total = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < MAXIMUM_SWEEPS; sweep++) {
    if (offDiagonal(a, n) <= RELATIVE_TOLERANCE * total) break;
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  return sorted(a, vectors, n);
}

function identity(n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let index = 0; index < n; index++) result[index * n + index] = 1;
  return result;
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let row = 0; row < n; row++)
    for (let column = 0; column < row; column++) sum += 2 * (a[row * n + column] as number) ** 2;
  return sum;
}

/** Makes a[p, q] zero (Golub and Van Loan, algorithm 8.5.1); row k of `vectors` turns with axis k. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q] as number;
  if (apq === 0) return;
  const tau = ((a[q * n + q] as number) - (a[p * n + p] as number)) / (2 * apq);
  const tangent = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = tangent * cosine;
  turnRows(a, n, p, q, cosine, sine);
  for (let row = 0; row < n; row++) turnPair(a, row * n + p, row * n + q, cosine, sine);
  turnRows(vectors, n, p, q, cosine, sine);
}

function turnRows(x: Float64Array, n: number, p: number, q: number, cosine: number, sine: number): void {
  for (let column = 0; column < n; column++) turnPair(x, p * n + column, q * n + column, cosine, sine);
}

function turnPair(x: Float64Array, at: number, other: number, cosine: number, sine: number): void {
  const [first, second] = [x[at] as number, x[other] as number];
  x[at] = cosine * first - sine * second;
  x[other] = sine * first + cosine * second;
}

function sorted(a: Float64Array, vectors: Float64Array, n: number): EigenDecomposition {
  const order = Array.from({ length: n }, (_, index) => index);
  order.sort((one, other) => (a[other * n + other] as number) - (a[one * n + one] as number));
  const rows = new Float64Array(n * n);
  order.forEach((from, to) => rows.set(vectors.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (index) => a[index * n + index] as number), vectors: rows };
}
