import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { shape } from "./attributes.js";
import {
  baseAttributes,
  convolutionFields,
  convolutionFlops,
  convolutionOutput,
  visitConvolution,
} from "./convolution.js";
import { conv2d } from "./conv2d.js";
import { conv2dGradW } from "./conv2d-grad-w.js";

const attributes = z.strictObject({ ...convolutionFields, inputShape: shape });

export const conv2dGradXOp = defineOp({
  name: "conv2dGradX",
  inputs: ["dy", "w"],
  outputs: ["dx"],
  narrow: ["dy", "w", "dx"],
  product: true,
  attrs: attributes,
  infer: ({ dy, w }, attrs, check) => {
    const dx = { shape: attrs.inputShape, dtype: dy.dtype };
    check.shape("dy", dy, convolutionOutput(check, dx, w, attrs).shape);
    return [dx];
  },
  grad: ({ dy, w }, gradient, attrs) => ({
    dy: () => conv2d(gradient, w, baseAttributes(attrs)),
    w: () => conv2dGradW(gradient, dy, { ...baseAttributes(attrs), weightShape: w.shape }),
  }),
  reference: ({ dy, w }, attrs) => {
    const dx = new Float64Array(elementCount(attrs.inputShape));
    visitConvolution(attrs.inputShape, w.shape, dy.shape, attrs, (to, weight, from) => {
      dx[to]! += dy.data[from]! * w.data[weight]!;
    });
    return [dx];
  },
  flops: ({ dy, w }) => convolutionFlops(dy.shape, w.shape),
});

/**
 * Gradient of `conv2d` with respect to its input: dy (N, H', W', O), w [O, I / groups, KH, KW] ->
 * `inputShape` (N, H, W, I). Throws SHAPE unless dy is shaped as the convolution's output, DTYPE, ATTRIBUTE
 * or GRAPH as `conv2d`.
 */
export const conv2dGradX = (dy: Value, w: Value, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(conv2dGradXOp, { dy, w }, attrs, name).dx;
