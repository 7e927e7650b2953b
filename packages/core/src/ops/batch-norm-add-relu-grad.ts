import type { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { batchGradients, checkChannels, epsilonAttribute, maskByOutput } from "./normalization.js";

export const batchNormAddReluGradOp = defineOp({
  name: "batchNormAddReluGrad",
  inputs: ["dy", "x", "gamma", "mean", "variance", "y"],
  outputs: ["dx", "dgamma", "dbeta", "dresidual"],
  narrow: ["dy", "x", "y", "dx", "dresidual"],
  attrs: epsilonAttribute,
  inPlace: [0],
  infer: ({ dy, x, gamma, mean, variance, y }, _, check) => {
    checkChannels(check, x, { gamma, mean, variance });
    check.shape("dy", dy, x.shape);
    check.shape("y", y, x.shape);
    return [{ shape: x.shape, dtype: x.dtype }, gamma, gamma, { shape: x.shape, dtype: x.dtype }];
  },
  reference: ({ dy, x, gamma, mean, variance, y }, { epsilon }) => {
    const masked = maskByOutput(dy.data, y.data, "relu");
    const parameters = { mean: mean.data, variance: variance.data, gamma: gamma.data, epsilon };
    return [...batchGradients(masked, x, parameters), masked];
  },
  flops: ({ x }) => 12 * elementCount(x.shape),
});

/**
 * Gradients of `batchNormAddRelu`; y is its output. dx and dresidual are shaped as x, dgamma and dbeta are
 * [C]. Throws SHAPE, DTYPE, ATTRIBUTE or GRAPH as `batchNormGrad`.
 */
export const batchNormAddReluGrad = (
  dy: Value,
  x: Value,
  gamma: Value,
  mean: Value,
  variance: Value,
  y: Value,
  attrs: z.input<typeof epsilonAttribute> = {},
  name?: string,
): { readonly dx: Value; readonly dgamma: Value; readonly dbeta: Value; readonly dresidual: Value } =>
  apply(batchNormAddReluGradOp, { dy, x, gamma, mean, variance, y }, attrs, name);
