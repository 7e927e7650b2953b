import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { checkFloat } from "./elementwise.js";

const lastAxis = (shape: readonly number[]): number => shape[shape.length - 1] ?? 1;

export const biasAddOp = defineOp({
  name: "biasAdd",
  inputs: ["x", "b"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: noAttributes,
  inPlace: [0],
  infer: ({ x, b }, _, check) => {
    check.rank("x", x, 1, 2, 3, 4);
    check.shape("b", b, [lastAxis(x.shape)], "one number per channel of x");
    checkFloat(check, { x });
    check.dtype("b", b, "f32");
    return [x];
  },
  grad: (_, dy) => ({ x: () => dy, b: () => biasGrad(dy) }),
  reference: ({ x, b }) => [x.data.map((value, index) => value + b.data[index % b.data.length]!)],
});

export const biasGradOp = defineOp({
  name: "biasGrad",
  inputs: ["dy"],
  outputs: ["db"],
  narrow: ["dy"],
  attrs: noAttributes,
  infer: ({ dy }, _, check) => {
    check.rank("dy", dy, 1, 2, 3, 4);
    checkFloat(check, { dy });
    return [{ shape: [lastAxis(dy.shape)], dtype: "f32" }];
  },
  reference: ({ dy }) => {
    const db = new Float64Array(lastAxis(dy.shape));
    dy.data.forEach((value, index) => (db[index % db.length]! += value));
    return [db];
  },
  flops: ({ dy }) => elementCount(dy.shape),
});

/**
 * x + b over the last axis: x (..., C), b f32 [C]. Throws SHAPE for x of a rank outside 1 to 4 or b of
 * another length, DTYPE unless x is f32 or bf16 and b f32, GRAPH for values of two graphs.
 */
export const biasAdd = (x: Value, b: Value, name?: string): Value => apply(biasAddOp, { x, b }, {}, name).y;

/**
 * Sum of dy (..., C) over all axes but the last: f32 [C]. Throws SHAPE for a rank outside 1 to 4, DTYPE
 * unless dy is f32 or bf16.
 */
export const biasGrad = (dy: Value, name?: string): Value => apply(biasGradOp, { dy }, {}, name).db;
