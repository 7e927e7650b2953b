import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, groupsOf } from "../graph/op.js";
import { elementCount, type Tensor } from "../graph/types.js";
import { checkUpdate } from "./optimizer.js";

const attributes = z.strictObject({
  momentum: z.number().min(0).lt(1).default(0),
  nesterov: z.boolean().default(false),
  weightDecay: z.number().min(0).default(0),
});

const group = ["param", "grad", "velocity"] as const;

const step = (
  { param, grad, velocity, learningRate, gradScale }: Readonly<Record<string, Tensor>>,
  { momentum, nesterov, weightDecay }: z.output<typeof attributes>,
): Float64Array[] => {
  const [rate, factor] = [learningRate!.data[0]!, gradScale!.data[0]!];
  const decayed = param!.data.map((value, index) => factor * grad!.data[index]! + weightDecay * value);
  const next = decayed.map((gradient, index) => momentum * velocity!.data[index]! + gradient);
  const stepped = param!.data.map((value, index) => {
    const direction = nesterov ? decayed[index]! + momentum * next[index]! : next[index]!;
    return value - rate * direction;
  });
  return [stepped, next];
};

export const sgdOp = defineOp({
  name: "sgd",
  inputs: ["learningRate", "gradScale", "param", "grad", "velocity"],
  repeats: 3,
  outputs: ["param", "velocity"],
  updates: ["param", "velocity"],
  attrs: attributes,
  infer: (inputs, _, check) =>
    groupsOf(inputs, ...group).flatMap(({ param, grad, velocity }) => {
      const { learningRate, gradScale } = inputs;
      checkUpdate(check, param, { grad, velocity }, { learningRate, gradScale });
      return [param, velocity];
    }),
  reference: (inputs, attrs) =>
    groupsOf(inputs, ...group).flatMap((slot) => step({ ...inputs, ...slot }, attrs)),
  flops: (inputs) =>
    7 * groupsOf(inputs, ...group).reduce((sum, { param }) => sum + elementCount(param.shape), 0),
});

/**
 * Stochastic gradient descent in PyTorch's form: g = gradScale grad + weightDecay param; velocity = momentum
 * velocity + g; param -= learningRate (nesterov ? g + momentum velocity : velocity). param, grad and velocity
 * are f32 of one shape, learningRate and gradScale f32 scalars. Updates param and velocity and returns them
 * as they are afterwards. Throws SHAPE or DTYPE for other inputs, ATTRIBUTE for constants out of range, GRAPH
 * unless param and velocity are parameters and all values are of one graph.
 */
export const sgd = (
  param: Value,
  grad: Value,
  velocity: Value,
  learningRate: Value,
  gradScale: Value,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): { readonly param: Value; readonly velocity: Value } =>
  apply(sgdOp, { learningRate, gradScale, param, grad, velocity }, attrs, name);
