import type { OptimizerConfig } from "./schema.js";

/** What one step does to the rows that it touches. */
export interface RowStep {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** What gradients are multiplied by: the clipping. */
  readonly gradientScale: number;
  /** Steps of the stage up to this one, from 1. */
  readonly step: number;
}

/** Kinds of state that an optimizer keeps of each row, as the parameters in a Store have them. */
export const slotKinds = ({ kind }: OptimizerConfig): readonly string[] =>
  kind === "sgd" ? ["velocity"] : ["m", "v"];

/**
 * Moves one row by its gradient as the ops sgd and adam move a whole parameter. Decay and state of a row pass only in
 * the steps that touch it (as in PyTorch's SparseAdam).
 */
export function updateRow(
  config: OptimizerConfig,
  row: Float32Array,
  gradient: Float32Array,
  slots: readonly Float32Array[],
  step: RowStep,
): void {
  const [first, second] = slots;
  if (config.kind === "sgd") sgdRow(config, row, gradient, first!, step);
  else adamRow(config, row, gradient, first!, second!, step);
}

type Sgd = Extract<OptimizerConfig, { kind: "sgd" }>;
type Adam = Extract<OptimizerConfig, { kind: "adam" }>;

function sgdRow(
  { momentum, nesterov }: Sgd,
  row: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  { learningRate, weightDecay, gradientScale }: RowStep,
): void {
  for (let at = 0; at < row.length; at++) {
    const slope = gradientScale * gradient[at]! + weightDecay * row[at]!;
    const speed = momentum * velocity[at]! + slope;
    velocity[at] = speed;
    row[at]! -= learningRate * (nesterov ? slope + momentum * speed : speed);
  }
}

function adamRow(
  { beta1, beta2, epsilon, decoupled }: Adam,
  row: Float32Array,
  gradient: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { learningRate, weightDecay, gradientScale, step }: RowStep,
): void {
  const [inner, outer] = decoupled ? [0, weightDecay] : [weightDecay, 0];
  const [unbias1, unbias2] = [1 - beta1 ** step, 1 - beta2 ** step];
  for (let at = 0; at < row.length; at++) {
    const slope = gradientScale * gradient[at]! + inner * row[at]!;
    m[at] = beta1 * m[at]! + (1 - beta1) * slope;
    v[at] = beta2 * v[at]! + (1 - beta2) * slope * slope;
    const spread = Math.sqrt(v[at]! / unbias2) + epsilon;
    row[at] = row[at]! * (1 - learningRate * outer) - (learningRate * m[at]!) / unbias1 / spread;
  }
}
