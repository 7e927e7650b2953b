import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { epsilon } from "./attributes.js";
import { checkFloat } from "./elementwise.js";

const l2NormalizeAttributes = z.strictObject({ epsilon: epsilon.default(1e-12) });

export const l2NormalizeOp = defineOp({
  name: "l2Normalize",
  inputs: ["x"],
  outputs: ["y", "norm"],
  attrs: l2NormalizeAttributes,
  infer: ({ x }, _, check) => {
    check.rank("x", x, 2);
    checkFloat(check, { x });
    return [x, { shape: [x.shape[0]!], dtype: "f32" }];
  },
  grad: (_, dy, _attrs, { y, norm }) => ({ x: () => l2NormalizeGrad(dy, y, norm) }),
  reference: ({ x }, attrs) => {
    const width = x.shape[1]!;
    const norm = new Float64Array(x.shape[0]!).fill(attrs.epsilon);
    x.data.forEach((value, index) => (norm[Math.floor(index / width)]! += value * value));
    norm.forEach((squared, row) => (norm[row] = Math.sqrt(squared)));
    return [x.data.map((value, index) => value / norm[Math.floor(index / width)]!), norm];
  },
  flops: ({ x }) => 3 * elementCount(x.shape),
});

export const l2NormalizeGradOp = defineOp({
  name: "l2NormalizeGrad",
  inputs: ["dy", "y", "norm"],
  outputs: ["dx"],
  attrs: noAttributes,
  infer: ({ dy, y, norm }, _, check) => {
    check.rank("dy", dy, 2);
    checkFloat(check, { dy, y });
    check.shape("y", y, dy.shape);
    check.shape("norm", norm, [dy.shape[0]!]);
    return [dy];
  },
  reference: ({ dy, y, norm }) => {
    const width = dy.shape[1]!;
    const projection = new Float64Array(dy.shape[0]!);
    dy.data.forEach((value, index) => (projection[Math.floor(index / width)]! += value * y.data[index]!));
    return [
      dy.data.map((value, index) => {
        const row = Math.floor(index / width);
        return (value - y.data[index]! * projection[row]!) / norm.data[row]!;
      }),
    ];
  },
  flops: ({ dy }) => 5 * elementCount(dy.shape),
});

/**
 * Rows of x [N, D] divided by sqrt(epsilon + sum of squares); `norm` [N] is that root. Throws SHAPE for
 * another rank, DTYPE unless x is f32 or bf16, ATTRIBUTE for a negative epsilon.
 */
export const l2Normalize = (
  x: Value,
  attrs: z.input<typeof l2NormalizeAttributes> = {},
  name?: string,
): { readonly y: Value; readonly norm: Value } => apply(l2NormalizeOp, { x }, attrs, name);

/**
 * Gradient of `l2Normalize` from its outputs y [N, D] and norm [N]: dy [N, D] -> [N, D]. Throws SHAPE for
 * other shapes, DTYPE unless dy and y are f32 or bf16, GRAPH for values of two graphs.
 */
export const l2NormalizeGrad = (dy: Value, y: Value, norm: Value, name?: string): Value =>
  apply(l2NormalizeGradOp, { dy, y, norm }, {}, name).dx;
