import type { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { batchNormAddReluGrad } from "./batch-norm-add-relu-grad.js";
import { batchStatistics, channelsOf, checkChannels, epsilonAttribute, normalize } from "./normalization.js";
import { once } from "./once.js";

export const batchNormAddReluOp = defineOp({
  name: "batchNormAddRelu",
  inputs: ["x", "gamma", "beta", "residual"],
  outputs: ["y", "mean", "variance"],
  narrow: ["x", "residual", "y"],
  attrs: epsilonAttribute,
  infer: ({ x, gamma, beta, residual }, _, check) => {
    checkChannels(check, x, { gamma, beta });
    check.shape("residual", residual, x.shape);
    check.dtype("residual", residual, x.dtype);
    const statistics = { shape: [channelsOf(x)], dtype: "f32" } as const;
    return [{ shape: x.shape, dtype: x.dtype }, statistics, statistics];
  },
  grad: ({ x, gamma }, dy, attrs, { y, mean, variance }) => {
    const node = once(() => batchNormAddReluGrad(dy, x, gamma, mean, variance, y, attrs));
    return {
      x: () => node().dx,
      gamma: () => node().dgamma,
      beta: () => node().dbeta,
      residual: () => node().dresidual,
    };
  },
  reference: ({ x, gamma, beta, residual }, { epsilon }) => {
    const { mean, variance } = batchStatistics(x);
    const normalized = normalize(x, { mean, variance, gamma: gamma.data, epsilon }, beta.data);
    return [normalized.map((value, index) => Math.max(0, value + residual.data[index]!)), mean, variance];
  },
  flops: ({ x }) => 10 * elementCount(x.shape),
});

/**
 * max(0, batchNorm(x) + residual) in one pass; usually made by the fusion table rather than by hand. Throws
 * SHAPE, DTYPE or ATTRIBUTE as `batchNorm`, SHAPE or DTYPE unless residual is of x's type, GRAPH for values
 * of two graphs.
 */
export const batchNormAddRelu = (
  x: Value,
  gamma: Value,
  beta: Value,
  residual: Value,
  attrs: z.input<typeof epsilonAttribute> = {},
  name?: string,
): { readonly y: Value; readonly mean: Value; readonly variance: Value } =>
  apply(batchNormAddReluOp, { x, gamma, beta, residual }, attrs, name);
