import type { Value } from "../graph/graph.js";
import { elementCount } from "../graph/types.js";
import { batchNorm, batchNormFrozen, movingAverage } from "../ops/index.js";
import type { Activation } from "../ops/normalization.js";
import { statistic, weight, type BuildContext } from "./context.js";

/** Constants of a batch norm. */
export interface BatchNormOptions {
  /** Added to the variance; 1e-5 in torchvision, 1e-3 in paper A's code. */
  readonly epsilon: number;
  /** Share of the newest batch in the moving averages; 0.1 in PyTorch, 0.05 in paper A's code. */
  readonly momentum: number;
  /** What stands behind it; nothing if absent. */
  readonly activation?: Activation;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x (rank 2 or 4) over its last axis, with PyTorch's
 * parameter names below `name`. A path that learns uses the batch's statistics and updates the running ones
 * (unbiased variance); a frozen path uses what the context says and updates nothing; evaluation uses the
 * running ones. Throws SHAPE for x of another rank or a parameter that is known in another shape, DTYPE
 * unless x is f32 or bf16, ATTRIBUTE for constants out of range.
 */
export function batchNormalization(
  context: BuildContext,
  x: Value,
  name: string,
  options: BatchNormOptions,
): Value {
  const { epsilon, momentum, activation = "none" } = options;
  const channels = x.shape[x.shape.length - 1]!;
  const gamma = weight(context, `${name}.weight`, [channels], { kind: "constant", value: 1 });
  const beta = weight(context, `${name}.bias`, [channels], { kind: "constant", value: 0 });
  const mean = statistic(context, `${name}.running_mean`, channels, 0);
  const variance = statistic(context, `${name}.running_var`, channels, 1);
  const source = context.statisticsOf(`${name}.weight`);
  if (source === "running")
    return batchNormFrozen(x, gamma, beta, mean, variance, { epsilon, activation }, name);
  const result = batchNorm(x, gamma, beta, { epsilon, activation }, name);
  if (source === "batch") return result.y;
  const samples = elementCount(x.shape) / channels;
  const decay = 1 - momentum;
  const correction = samples > 1 ? samples / (samples - 1) : 1;
  context.addUpdate(
    movingAverage(mean, result.mean, { decay, correction: 1 }, `${name}.running_mean.update`),
  );
  context.addUpdate(
    movingAverage(variance, result.variance, { decay, correction }, `${name}.running_var.update`),
  );
  return result.y;
}
