import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { checkUpdate } from "./optimizer.js";

const attributes = z.strictObject({
  momentum: z.number().min(0).lt(1).default(0),
  nesterov: z.boolean().default(false),
  weightDecay: z.number().min(0).default(0),
});

export const sgdOp = defineOp({
  name: "sgd",
  inputs: ["param", "grad", "velocity", "learningRate", "gradScale"],
  outputs: ["param", "velocity"],
  updates: ["param", "velocity"],
  attrs: attributes,
  infer: ({ param, grad, velocity, learningRate, gradScale }, _, check) => {
    checkUpdate(check, param, { grad, velocity }, { learningRate, gradScale });
    return [param, velocity];
  },
  reference: ({ param, grad, velocity, learningRate, gradScale }, { momentum, nesterov, weightDecay }) => {
    const [rate, factor] = [learningRate.data[0]!, gradScale.data[0]!];
    const decayed = param.data.map((value, index) => factor * grad.data[index]! + weightDecay * value);
    const next = decayed.map((gradient, index) => momentum * velocity.data[index]! + gradient);
    const stepped = param.data.map((value, index) => {
      const direction = nesterov ? decayed[index]! + momentum * next[index]! : next[index]!;
      return value - rate * direction;
    });
    return [stepped, next];
  },
  flops: ({ param }) => 7 * elementCount(param.shape),
});

/**
 * Stochastic gradient descent in PyTorch's form: g = gradScale grad + weightDecay param; velocity = momentum
 * velocity + g; param -= learningRate (nesterov ? g + momentum velocity : velocity). Updates the two store values
 * and returns them as they are afterwards.
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
  apply(sgdOp, { param, grad, velocity, learningRate, gradScale }, attrs, name);
