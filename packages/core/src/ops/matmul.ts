import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import type { Shape, TensorType } from "../graph/types.js";

const oriented = (shape: Shape, transpose: boolean): [number, number] => {
  const [rows, columns] = shape as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
};

/** Attributes of `matmul`. */
export const matmulAttributes = z.strictObject({
  transposeA: z.boolean().default(false),
  transposeB: z.boolean().default(false),
});

type MatmulAttributes = z.output<typeof matmulAttributes>;

/** Type of y[M, N] for a[M, K] and b[K, N], each stored transposed when its flag is set. */
export const matmulOutput = (
  check: Check,
  a: TensorType,
  b: TensorType,
  { transposeA, transposeB }: MatmulAttributes,
): TensorType => {
  check.rank("a", a, 2);
  check.rank("b", b, 2);
  check.dtype("a", a, "f32", "bf16");
  check.dtype("b", b, a.dtype);
  const [rows, inner] = oriented(a.shape, transposeA);
  const [innerOfB, columns] = oriented(b.shape, transposeB);
  check.size("inner size of b", inner, innerOfB);
  return { shape: [rows, columns], dtype: a.dtype };
};

/** 2 operations per multiply-add. */
export const matmulFlops = (a: Shape, y: Shape, { transposeA }: MatmulAttributes): number =>
  2 * oriented(a, transposeA)[1] * y[0]! * y[1]!;

export const matmulOp = defineOp({
  name: "matmul",
  inputs: ["a", "b"],
  outputs: ["y"],
  narrow: ["a", "b", "y"],
  product: true,
  attrs: matmulAttributes,
  infer: ({ a, b }, attrs, check) => [matmulOutput(check, a, b, attrs)],
  grad: ({ a, b }, dy, { transposeA, transposeB }) => ({
    a: () =>
      transposeA
        ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
        : matmul(dy, b, { transposeB: !transposeB }),
    b: () =>
      transposeB
        ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, dy, { transposeA: !transposeA }),
  }),
  reference: ({ a, b }, { transposeA, transposeB }) => {
    const [rows, inner] = oriented(a.shape, transposeA);
    const [, columns] = oriented(b.shape, transposeB);
    const y = new Float64Array(rows * columns);
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < inner; k++)
        for (let column = 0; column < columns; column++) {
          const left = a.data[transposeA ? k * rows + row : row * inner + k]!;
          y[row * columns + column]! +=
            left * b.data[transposeB ? column * inner + k : k * columns + column]!;
        }
    return [y];
  },
  flops: ({ a }, attrs, [y]) => matmulFlops(a.shape, y!.shape, attrs),
});

/**
 * Matrix product y[M, N] of a[M, K] and b[K, N], each stored transposed when its flag is set. Throws SHAPE
 * for other ranks or inner sizes that differ, DTYPE unless both are f32 or both bf16, GRAPH for values of two
 * graphs.
 */
export const matmul = (
  a: Value,
  b: Value,
  attrs: z.input<typeof matmulAttributes> = {},
  name?: string,
): Value => apply(matmulOp, { a, b }, attrs, name).y;
