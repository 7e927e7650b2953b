import type { Value } from "../graph/graph.js";
import type { BuildContext, ParameterDeclaration } from "../layers/context.js";
import { adam, clipScale, movingAverage, sgd, sumSquares } from "../ops/index.js";
import { ruleFor } from "./groups.js";
import type { OptimizerConfig, ParameterGroup } from "./schema.js";

/** Scalars that a training step feeds besides its learning rates. */
export const GRADIENT_SCALE_SCALAR = "gradientScale";
export const OPTIMIZER_STEP_SCALAR = "optimizerStep";

/** A parameter that learns, with its gradient. */
export interface LearntParameter {
  readonly declaration: ParameterDeclaration;
  readonly value: Value;
  readonly gradient: Value;
}

export interface OptimizerOptions {
  readonly optimizer: OptimizerConfig;
  readonly groups: readonly ParameterGroup[];
  /** Largest global gradient norm; gradients beyond are scaled down together. */
  readonly clipNorm?: number;
  /** Gradients that are learnt from elsewhere but count in the norm. */
  readonly otherGradients?: readonly Value[];
}

export interface OptimizerNodes {
  /** Parameters after the step, by name. */
  readonly updated: ReadonlyMap<string, Value>;
  /** Optimizer state in the Store, all zero at first. */
  readonly slots: readonly ParameterDeclaration[];
  /** Scalars to feed with the learning rate times the multiplier. */
  readonly rates: ReadonlyMap<string, number>;
  /** Sum of squares of all gradients, where clipping asks for it. */
  readonly squaredNorm?: Value;
}

/** Appends one optimizer node per parameter; a plan gathers those of one rule into one. */
export function optimizerNodes(
  context: BuildContext,
  parameters: readonly LearntParameter[],
  options: OptimizerOptions,
): OptimizerNodes {
  const { graph } = context;
  const { otherGradients = [] } = options;
  const gradients = [...parameters.map(({ gradient }) => gradient), ...otherGradients];
  const squaredNorm = options.clipNorm === undefined ? undefined : sumSquares(gradients, "optimizer.squares");
  const gradientScale = squaredNorm
    ? clipScale(squaredNorm, { maximum: options.clipNorm! }, "optimizer.clip")
    : graph.scalar(GRADIENT_SCALE_SCALAR);
  const slots: ParameterDeclaration[] = [];
  const rates = new Map<string, number>();
  const updated = new Map<string, Value>();
  for (const parameter of parameters) {
    const { name, shape } = parameter.declaration;
    const rule = ruleFor(parameter.declaration, options.groups, options.optimizer);
    const rate = `learningRate@${rule.multiplier}`;
    rates.set(rate, rule.multiplier);
    const slot = (kind: string): Value => {
      const declaration = slotDeclaration(kind, name, shape);
      slots.push(declaration);
      return graph.parameter(declaration.name, shape);
    };
    const shared = { rate: graph.scalar(rate), gradientScale, weightDecay: rule.weightDecay, slot };
    updated.set(name, updateNode(parameter, options.optimizer, shared));
  }
  return { updated, slots, rates, ...(squaredNorm ? { squaredNorm } : {}) };
}

interface UpdateInputs {
  readonly rate: Value;
  readonly gradientScale: Value;
  readonly weightDecay: number;
  slot(kind: string): Value;
}

function updateNode(
  { declaration, value, gradient }: LearntParameter,
  config: OptimizerConfig,
  x: UpdateInputs,
): Value {
  const name = `optimizer.${declaration.name}`;
  const { weightDecay } = x;
  if (config.kind === "sgd") {
    const { momentum, nesterov } = config;
    const attributes = { momentum, nesterov, weightDecay };
    return sgd(value, gradient, x.slot("velocity"), x.rate, x.gradientScale, attributes, name).param;
  }
  const { beta1, beta2, epsilon, decoupled } = config;
  const step = value.graph.scalar(OPTIMIZER_STEP_SCALAR, "u32");
  const attributes = { beta1, beta2, epsilon, weightDecay, decoupled };
  const [first, second] = [x.slot("m"), x.slot("v")];
  return adam(value, gradient, first, second, x.rate, step, x.gradientScale, attributes, name).param;
}

/** Everything that is no model parameter lies under a first part that no parameter name has. */
export const SLOT_PREFIX = "optimizer/";
export const AVERAGE_PREFIX = "average/";

function slotDeclaration(kind: string, name: string, shape: readonly number[]): ParameterDeclaration {
  const zero = { kind: "constant", value: 0 } as const;
  return { name: `${SLOT_PREFIX}${kind}/${name}`, shape, initializer: zero, kind: "statistic" };
}

/** Key of a value's exponential moving average in the Store. */
export const averageKey = (name: string): string => `${AVERAGE_PREFIX}${name}`;

/** Appends average = decay * average + (1 - decay) * value for every value after its update. */
export function averageNodes(
  context: BuildContext,
  updated: ReadonlyMap<string, Value>,
  decay: number,
): readonly Value[] {
  return [...updated].map(([name, value]) => {
    const average = context.graph.parameter(averageKey(name), value.shape);
    return movingAverage(average, value, { decay }, `average.${name}`);
  });
}
