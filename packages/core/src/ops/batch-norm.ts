import type { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { batchNormGrad } from "./batch-norm-grad.js";
import { once } from "./once.js";
import {
  activate,
  batchStatistics,
  channelsOf,
  checkChannels,
  normalizationAttributes,
  normalize,
} from "./normalization.js";

export const batchNormOp = defineOp({
  name: "batchNorm",
  inputs: ["x", "gamma", "beta"],
  outputs: ["y", "mean", "variance"],
  narrow: ["x", "y"],
  attrs: normalizationAttributes,
  infer: ({ x, gamma, beta }, _, check) => {
    checkChannels(check, x, { gamma, beta });
    const statistics = { shape: [channelsOf(x)], dtype: "f32" } as const;
    return [{ shape: x.shape, dtype: x.dtype }, statistics, statistics];
  },
  grad: ({ x, gamma }, dy, attrs, { y, mean, variance }) => {
    const node = once(() =>
      batchNormGrad(dy, x, gamma, mean, variance, attrs.activation === "none" ? x : y, attrs),
    );
    return { x: () => node().dx, gamma: () => node().dgamma, beta: () => node().dbeta };
  },
  reference: ({ x, gamma, beta }, { epsilon, activation }) => {
    const { mean, variance } = batchStatistics(x);
    const y = normalize(x, { mean, variance, gamma: gamma.data, epsilon }, beta.data);
    return [activate(y, activation), mean, variance];
  },
  flops: ({ x }) => 8 * elementCount(x.shape),
});

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x (rank 2 or 4) over all axes but the last, with the
 * statistics of the batch; gamma and beta are f32 [C]. Returns y and the batch mean and biased variance [C];
 * no gradient flows through the two statistics. Throws SHAPE for another rank or length, DTYPE unless x is
 * f32 or bf16 and the rest f32, ATTRIBUTE for a negative epsilon, GRAPH for values of two graphs.
 */
export const batchNorm = (
  x: Value,
  gamma: Value,
  beta: Value,
  attrs: z.input<typeof normalizationAttributes> = {},
  name?: string,
): { readonly y: Value; readonly mean: Value; readonly variance: Value } =>
  apply(batchNormOp, { x, gamma, beta }, attrs, name);
