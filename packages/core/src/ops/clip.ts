import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { checkFloat } from "./elementwise.js";
import { affine, scale } from "./scale.js";

/** Keeps the division finite for a zero gradient, as PyTorch's clip_grad_norm_ does. */
const clipEpsilon = 1e-6;

export const sumSquaresOp = defineOp({
  name: "sumSquares",
  inputs: ["x"],
  outputs: ["y"],
  attrs: noAttributes,
  infer: ({ x }, _, check) => {
    checkFloat(check, { x });
    return [{ shape: [], dtype: "f32" }];
  },
  grad: ({ x }, dy) => ({ x: () => scale(affine(x, { multiply: 2 }), dy) }),
  reference: ({ x }) => [Float64Array.of(x.data.reduce((total, value) => total + value * value, 0))],
  flops: ({ x }) => 2 * elementCount(x.shape),
});

const clipScaleAttributes = z.strictObject({ maximum: z.number().positive() });

export const clipScaleOp = defineOp({
  name: "clipScale",
  inputs: ["total"],
  outputs: ["scale"],
  attrs: clipScaleAttributes,
  infer: ({ total }, _, check) => {
    check.shape("total", total, []);
    check.dtype("total", total, "f32");
    return [total];
  },
  reference: ({ total }, { maximum }) => [
    Float64Array.of(Math.min(1, maximum / (Math.sqrt(total.data[0]!) + clipEpsilon))),
  ],
  flops: () => 4,
});

/** Sum of the squares of all elements of x: rank 0. */
export const sumSquares = (x: Value, name?: string): Value => apply(sumSquaresOp, { x }, {}, name).y;

/** What gradients are multiplied by so that their norm, the root of `total`, stays within `maximum`: rank 0. */
export const clipScale = (total: Value, attrs: z.input<typeof clipScaleAttributes>, name?: string): Value =>
  apply(clipScaleOp, { total }, attrs, name).scale;
