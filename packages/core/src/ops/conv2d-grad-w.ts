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
import { conv2dGradX } from "./conv2d-grad-x.js";

const attributes = z.strictObject({ ...convolutionFields, weightShape: shape });

export const conv2dGradWOp = defineOp({
  name: "conv2dGradW",
  inputs: ["x", "dy"],
  outputs: ["dw"],
  narrow: ["x", "dy"],
  product: true,
  attrs: attributes,
  infer: ({ x, dy }, attrs, check) => {
    const dw = { shape: attrs.weightShape, dtype: x.dtype };
    check.shape("dy", dy, convolutionOutput(check, x, dw, attrs).shape);
    return [dw];
  },
  grad: ({ x, dy }, gradient, attrs) => ({
    x: () => conv2dGradX(dy, gradient, { ...baseAttributes(attrs), inputShape: x.shape }),
    dy: () => conv2d(x, gradient, baseAttributes(attrs)),
  }),
  reference: ({ x, dy }, attrs) => {
    const dw = new Float64Array(elementCount(attrs.weightShape));
    visitConvolution(x.shape, attrs.weightShape, dy.shape, attrs, (from, to, other) => {
      dw[to]! += x.data[from]! * dy.data[other]!;
    });
    return [dw];
  },
  flops: ({ dy }, attrs) => convolutionFlops(dy.shape, attrs.weightShape),
});

/**
 * Gradient of `conv2d` with respect to its weights: x (N, H, W, I), dy (N, H', W', O) -> `weightShape`
 * [O, I / groups, KH, KW]. Throws SHAPE unless dy is shaped as the convolution's output, DTYPE unless x is
 * f32 or bf16, ATTRIBUTE or GRAPH as `conv2d`.
 */
export const conv2dGradW = (x: Value, dy: Value, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(conv2dGradWOp, { x, dy }, attrs, name).dw;
