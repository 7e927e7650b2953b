import type { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import {
  convolutionAttributes,
  convolutionFlops,
  convolutionOutput,
  visitConvolution,
} from "./convolution.js";
import { conv2dGradW } from "./conv2d-grad-w.js";
import { conv2dGradX } from "./conv2d-grad-x.js";

export const conv2dOp = defineOp({
  name: "conv2d",
  inputs: ["x", "w"],
  outputs: ["y"],
  narrow: ["x", "w", "y"],
  product: true,
  attrs: convolutionAttributes,
  infer: ({ x, w }, attrs, check) => [convolutionOutput(check, x, w, attrs)],
  grad: ({ x, w }, dy, attrs) => ({
    x: () => conv2dGradX(dy, w, { ...attrs, inputShape: x.shape }),
    w: () => conv2dGradW(x, dy, { ...attrs, weightShape: w.shape }),
  }),
  reference: ({ x, w }, attrs, [output]) => {
    const { shape } = output!;
    const y = new Float64Array(elementCount(shape));
    visitConvolution(
      x.shape,
      w.shape,
      shape,
      attrs,
      (from, weight, to) => (y[to]! += x.data[from]! * w.data[weight]!),
    );
    return [y];
  },
  flops: ({ w }, _, [y]) => convolutionFlops(y!.shape, w.shape),
});

/**
 * 2-D convolution (cross-correlation) of x (N, H, W, I) with w [O, I / groups, KH, KW]; `pad` is (top,
 * bottom, left, right). Returns (N, H', W', O), H' = floor((H + top + bottom - dilation (KH - 1) - 1) /
 * stride) + 1. Throws SHAPE for other ranks, channels that do not fit or a window larger than the padded x,
 * DTYPE unless both are f32 or both bf16, ATTRIBUTE for bad extents, GRAPH for values of two graphs.
 */
export const conv2d = (
  x: Value,
  w: Value,
  attrs: z.input<typeof convolutionAttributes> = {},
  name?: string,
): Value => apply(conv2dOp, { x, w }, attrs, name).y;
