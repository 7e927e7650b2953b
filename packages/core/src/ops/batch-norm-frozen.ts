import type { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { batchNormFrozenGrad } from "./batch-norm-frozen-grad.js";
import { activate, checkChannels, normalizationAttributes, normalize } from "./normalization.js";
import { once } from "./once.js";

export const batchNormFrozenOp = defineOp({
  name: "batchNormFrozen",
  inputs: ["x", "gamma", "beta", "mean", "variance"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: normalizationAttributes,
  inPlace: [0],
  infer: ({ x, gamma, beta, mean, variance }, _, check) => {
    checkChannels(check, x, { gamma, beta, mean, variance });
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  grad: ({ x, gamma, mean, variance }, dy, attrs, { y }) => {
    const node = once(() =>
      batchNormFrozenGrad(dy, x, gamma, mean, variance, attrs.activation === "none" ? x : y, attrs),
    );
    return { x: () => node().dx, gamma: () => node().dgamma, beta: () => node().dbeta };
  },
  reference: ({ x, gamma, beta, mean, variance }, { epsilon, activation }) => {
    const parameters = { mean: mean.data, variance: variance.data, gamma: gamma.data, epsilon };
    return [activate(normalize(x, parameters, beta.data), activation)];
  },
  flops: ({ x }) => 2 * elementCount(x.shape),
});

/**
 * Normalisation of x (rank 2 or 4) with given statistics, f32 [C] as gamma and beta: inference, or training
 * with frozen statistics. Throws SHAPE, DTYPE or ATTRIBUTE as `batchNorm`, GRAPH for values of two graphs.
 */
export const batchNormFrozen = (
  x: Value,
  gamma: Value,
  beta: Value,
  mean: Value,
  variance: Value,
  attrs: z.input<typeof normalizationAttributes> = {},
  name?: string,
): Value => apply(batchNormFrozenOp, { x, gamma, beta, mean, variance }, attrs, name).y;
