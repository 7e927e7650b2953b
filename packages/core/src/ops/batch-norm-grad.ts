import type { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { batchGradients, checkChannels, maskByOutput, normalizationAttributes } from "./normalization.js";

export const batchNormGradOp = defineOp({
  name: "batchNormGrad",
  inputs: ["dy", "x", "gamma", "mean", "variance", "y"],
  outputs: ["dx", "dgamma", "dbeta"],
  narrow: ["dy", "x", "y", "dx"],
  attrs: normalizationAttributes,
  inPlace: [0],
  infer: ({ dy, x, gamma, mean, variance, y }, _, check) => {
    checkChannels(check, x, { gamma, mean, variance });
    check.shape("dy", dy, x.shape);
    check.shape("y", y, x.shape);
    return [{ shape: x.shape, dtype: x.dtype }, gamma, gamma];
  },
  reference: ({ dy, x, gamma, mean, variance, y }, { epsilon, activation }) =>
    batchGradients(maskByOutput(dy.data, y.data, activation), x, {
      mean: mean.data,
      variance: variance.data,
      gamma: gamma.data,
      epsilon,
    }),
  flops: ({ x }) => 11 * elementCount(x.shape),
});

/**
 * Gradients of `batchNorm`: dx of x's shape, dgamma and dbeta [C]. y, its output, is read only with an
 * activation; without, any value of that shape serves. Throws SHAPE, DTYPE or ATTRIBUTE as `batchNorm`, SHAPE unless dy
 * and y are shaped as x, GRAPH for values of two graphs.
 */
export const batchNormGrad = (
  dy: Value,
  x: Value,
  gamma: Value,
  mean: Value,
  variance: Value,
  y: Value,
  attrs: z.input<typeof normalizationAttributes> = {},
  name?: string,
): { readonly dx: Value; readonly dgamma: Value; readonly dbeta: Value } =>
  apply(batchNormGradOp, { dy, x, gamma, mean, variance, y }, attrs, name);
