import { z } from "zod";
import type { Check } from "../graph/check.js";
import { elementCount, type Tensor, type TensorType } from "../graph/types.js";
import { epsilon } from "./attributes.js";

/** What stands behind a normalisation, and the bounds to which it cuts. */
const bounds = { none: [-Infinity, Infinity], relu: [0, Infinity], relu6: [0, 6] } as const;
export type Activation = keyof typeof bounds;

/** Attributes of the batch-norm rows; y = activation(normalised). */
export const normalizationAttributes = z.strictObject({
  epsilon: epsilon.default(1e-5),
  activation: z.enum(["none", "relu", "relu6"]).default("none"),
});

/** Attributes of the rows that always end in a ReLU. */
export const epsilonAttribute = z.strictObject({ epsilon: epsilon.default(1e-5) });

export const channelsOf = ({ shape }: TensorType): number => shape[shape.length - 1] ?? 1;

/** Checks x (rank 2 or 4) and that each of `vectors` holds one f32 number per channel of x. */
export const checkChannels = (
  check: Check,
  x: TensorType,
  vectors: Readonly<Record<string, TensorType>>,
): void => {
  check.rank("x", x, 2, 4);
  check.dtype("x", x, "f32", "bf16");
  for (const [name, type] of Object.entries(vectors)) {
    check.dtype(name, type, "f32");
    check.shape(name, type, [channelsOf(x)], "one number per channel of x");
  }
};

/** Batch mean and biased variance of every channel. */
export const batchStatistics = (x: Tensor): { mean: Float64Array; variance: Float64Array } => {
  const channels = channelsOf(x);
  const rows = elementCount(x.shape) / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  x.data.forEach((value, index) => (mean[index % channels]! += value / rows));
  x.data.forEach(
    (value, index) => (variance[index % channels]! += (value - mean[index % channels]!) ** 2 / rows),
  );
  return { mean, variance };
};

export interface ChannelParameters {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly gamma: Float64Array;
  readonly epsilon: number;
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta. */
export const normalize = (x: Tensor, parameters: ChannelParameters, beta: Float64Array): Float64Array => {
  const { mean, variance, gamma } = parameters;
  return x.data.map((value, index) => {
    const channel = index % gamma.length;
    const standardised = (value - mean[channel]!) / Math.sqrt(variance[channel]! + parameters.epsilon);
    return gamma[channel]! * standardised + beta[channel]!;
  });
};

export const activate = (values: Float64Array, activation: Activation): Float64Array => {
  const [floor, ceiling] = bounds[activation];
  return values.map((value) => Math.min(ceiling, Math.max(floor, value)));
};

/** The gradient that passes an activation whose output was y, which is not read where there is none. */
export const maskByOutput = (dy: Float64Array, y: Float64Array, activation: Activation): Float64Array => {
  const [floor, ceiling] = bounds[activation];
  if (activation === "none") return dy;
  return dy.map((value, index) => (y[index]! > floor && y[index]! < ceiling ? value : 0));
};

/** dgamma and dbeta. */
export const channelGradients = (
  dy: Float64Array,
  x: Tensor,
  parameters: ChannelParameters,
): [Float64Array, Float64Array] => {
  const { mean, variance } = parameters;
  const channels = mean.length;
  const [dgamma, dbeta] = [new Float64Array(channels), new Float64Array(channels)];
  dy.forEach((value, index) => {
    const channel = index % channels;
    const standardised =
      (x.data[index]! - mean[channel]!) / Math.sqrt(variance[channel]! + parameters.epsilon);
    dgamma[channel]! += value * standardised;
    dbeta[channel]! += value;
  });
  return [dgamma, dbeta];
};

/** dx, dgamma, dbeta when mean and variance are those of the batch (Ioffe and Szegedy 2015, section 3). */
export const batchGradients = (
  dy: Float64Array,
  x: Tensor,
  parameters: ChannelParameters,
): Float64Array[] => {
  const { mean, variance, gamma } = parameters;
  const [dgamma, dbeta] = channelGradients(dy, x, parameters);
  const rows = dy.length / gamma.length;
  const dx = dy.map((value, index) => {
    const channel = index % gamma.length;
    const inverse = 1 / Math.sqrt(variance[channel]! + parameters.epsilon);
    const standardised = (x.data[index]! - mean[channel]!) * inverse;
    return gamma[channel]! * inverse * (value - (dbeta[channel]! + standardised * dgamma[channel]!) / rows);
  });
  return [dx, dgamma, dbeta];
};

/** dx, dgamma, dbeta when mean and variance are constants. */
export const frozenGradients = (
  dy: Float64Array,
  x: Tensor,
  parameters: ChannelParameters,
): Float64Array[] => {
  const { variance, gamma } = parameters;
  const slope = (channel: number): number =>
    gamma[channel]! / Math.sqrt(variance[channel]! + parameters.epsilon);
  const dx = dy.map((value, index) => value * slope(index % gamma.length));
  return [dx, ...channelGradients(dy, x, parameters)];
};
