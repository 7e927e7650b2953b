/** A matrix product a b of row-major matrices, float32; `transposeA` stores a as [inner, rows], `transposeB` b as [columns, inner]. */
export interface Product {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Computes [rows, columns] of a product. Whoever has a fast one hands it in; {@link plainMultiply} needs nothing. */
export type Multiply = (product: Product) => Promise<Float32Array>;

/** The transpose [columns, rows] of x [rows, columns]. */
export function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(x.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = x[row * columns + column] as number;
  return result;
}

/** {@link Multiply} in plain TypeScript, sums in float64: for small matrices and for tests. */
export const plainMultiply: Multiply = async (product) => {
  const { rows, inner, columns } = product;
  const a = product.transposeA ? transposed(product.a, inner, rows) : product.a;
  const b = product.transposeB ? transposed(product.b, columns, inner) : product.b;
  const result = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k] as number;
      if (factor === 0) continue;
      const first = k * columns;
      for (let column = 0; column < columns; column++)
        sums[column] = (sums[column] as number) + factor * (b[first + column] as number);
    }
    result.set(sums, row * columns);
  }
  return result;
};
