import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import type { Shape } from "../graph/types.js";

const oriented = (shape: Shape, transpose: boolean): [number, number] => {
  const [rows, columns] = shape as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
};

const attributes = z.strictObject({
  transposeA: z.boolean().default(false),
  transposeB: z.boolean().default(false),
});

export const matmulOp = defineOp({
  name: "matmul",
  inputs: ["a", "b"],
  outputs: ["y"],
  narrow: ["a", "b", "y"],
  product: true,
  attrs: attributes,
  infer: ({ a, b }, { transposeA, transposeB }, check) => {
    check.rank("a", a, 2);
    check.rank("b", b, 2);
    check.dtype("a", a, "f32", "bf16");
    check.dtype("b", b, a.dtype);
    const [rows, inner] = oriented(a.shape, transposeA);
    const [innerOfB, columns] = oriented(b.shape, transposeB);
    check.size("inner size of b", inner, innerOfB);
    return [{ shape: [rows, columns], dtype: a.dtype }];
  },
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
  flops: ({ a }, { transposeA }, [y]) => 2 * oriented(a.shape, transposeA)[1] * y!.shape[0]! * y!.shape[1]!,
});

/** Matrix product y[M, N] of a[M, K] and b[K, N], each stored transposed when its flag is set. */
export const matmul = (a: Value, b: Value, attrs: z.input<typeof attributes> = {}, name?: string): Value =>
  apply(matmulOp, { a, b }, attrs, name).y;
