import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { biased, checkBias } from "./biased.js";
import { conv2dOp } from "./conv2d.js";
import { convolutionAttributes, convolutionFlops, convolutionOutput } from "./convolution.js";

const attributes = convolutionAttributes.extend({ relu: z.boolean().default(false) });

export const conv2dBiasOp = defineOp({
  name: "conv2dBias",
  inputs: ["x", "w", "bias"],
  outputs: ["y"],
  narrow: ["x", "w", "y"],
  product: true,
  attrs: attributes,
  infer: ({ x, w, bias }, attrs, check) => {
    const y = convolutionOutput(check, x, w, attrs);
    checkBias(check, bias, y);
    return [y];
  },
  reference: ({ x, w, bias }, attrs, outputs) =>
    conv2dOp.reference({ x, w }, attrs, outputs).map((y) => biased(y, bias.data, attrs.relu)),
  flops: ({ w }, _, [y]) => convolutionFlops(y!.shape, w.shape),
});

/**
 * A convolution plus bias f32 [O], with `relu` no less than 0; made by the fusion table. Returns
 * (N, H', W', O). Throws SHAPE, DTYPE, ATTRIBUTE or GRAPH as `conv2d`, SHAPE or DTYPE for another bias.
 */
export const conv2dBias = (
  x: Value,
  w: Value,
  bias: Value,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): Value => apply(conv2dBiasOp, { x, w, bias }, attrs, name).y;
