import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { biased, checkBias } from "./biased.js";
import { matmulAttributes, matmulFlops, matmulOp, matmulOutput } from "./matmul.js";

const attributes = matmulAttributes.extend({ relu: z.boolean().default(false) });

export const matmulBiasOp = defineOp({
  name: "matmulBias",
  inputs: ["a", "b", "bias"],
  outputs: ["y"],
  narrow: ["a", "b", "y"],
  product: true,
  attrs: attributes,
  infer: ({ a, b, bias }, attrs, check) => {
    const y = matmulOutput(check, a, b, attrs);
    checkBias(check, bias, y);
    return [y];
  },
  reference: ({ a, b, bias }, attrs, outputs) =>
    matmulOp.reference({ a, b }, attrs, outputs).map((y) => biased(y, bias.data, attrs.relu)),
  flops: ({ a }, attrs, [y]) => matmulFlops(a.shape, y!.shape, attrs),
});

/**
 * A matrix product plus bias f32 [N], with `relu` no less than 0; made by the fusion table. Returns [M, N].
 * Throws SHAPE, DTYPE or GRAPH as `matmul`, SHAPE or DTYPE for another bias.
 */
export const matmulBias = (
  a: Value,
  b: Value,
  bias: Value,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): Value => apply(matmulBiasOp, { a, b, bias }, attrs, name).y;
