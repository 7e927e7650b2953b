import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, groupsOf } from "../graph/op.js";
import { elementCount, type Tensor } from "../graph/types.js";
import * as attribute from "./attributes.js";
import { checkUpdate } from "./optimizer.js";

const decay = z.number().min(0).lt(1);

const attributes = z.strictObject({
  beta1: decay.default(0.9),
  beta2: decay.default(0.999),
  epsilon: attribute.epsilon.default(1e-8),
  weightDecay: z.number().min(0).default(0),
  decoupled: z.boolean().default(false),
});

const group = ["param", "grad", "m", "v"] as const;

const update = (
  { param, grad, m, v, learningRate, step, gradScale }: Readonly<Record<string, Tensor>>,
  { beta1, beta2, epsilon, weightDecay, decoupled }: z.output<typeof attributes>,
): Float64Array[] => {
  const [rate, time, factor] = [learningRate!.data[0]!, step!.data[0]!, gradScale!.data[0]!];
  const [inner, outer] = decoupled ? [0, weightDecay] : [weightDecay, 0];
  const gradient = param!.data.map((value, index) => factor * grad!.data[index]! + inner * value);
  const first = m!.data.map((value, index) => beta1 * value + (1 - beta1) * gradient[index]!);
  const second = v!.data.map((value, index) => beta2 * value + (1 - beta2) * gradient[index]! ** 2);
  const stepped = param!.data.map((value, index) => {
    const spread = Math.sqrt(second[index]! / (1 - beta2 ** time)) + epsilon;
    return value * (1 - rate * outer) - (rate * first[index]!) / (1 - beta1 ** time) / spread;
  });
  return [stepped, first, second];
};

export const adamOp = defineOp({
  name: "adam",
  inputs: ["learningRate", "step", "gradScale", "param", "grad", "m", "v"],
  repeats: 4,
  outputs: ["param", "m", "v"],
  updates: ["param", "m", "v"],
  attrs: attributes,
  infer: (inputs, _, check) =>
    groupsOf(inputs, ...group).flatMap(({ param, grad, m, v }) => {
      const { learningRate, step, gradScale } = inputs;
      checkUpdate(check, param, { grad, m, v }, { learningRate, step, gradScale });
      return [param, m, v];
    }),
  reference: (inputs, attrs) =>
    groupsOf(inputs, ...group).flatMap((slot) => update({ ...inputs, ...slot }, attrs)),
  flops: (inputs) =>
    14 * groupsOf(inputs, ...group).reduce((sum, { param }) => sum + elementCount(param.shape), 0),
});

/**
 * Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) with `decoupled`, in PyTorch's form.
 * param, grad, m and v are f32 of one shape, learningRate and gradScale f32 scalars; `step` is a u32 scalar
 * that counts from 1. Updates param, m and v and returns them as they are afterwards. Throws SHAPE or DTYPE
 * for other inputs, ATTRIBUTE for constants out of range, GRAPH unless param, m and v are parameters and all
 * values are of one graph.
 */
export const adam = (
  param: Value,
  grad: Value,
  m: Value,
  v: Value,
  learningRate: Value,
  step: Value,
  gradScale: Value,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): { readonly param: Value; readonly m: Value; readonly v: Value } =>
  apply(adamOp, { learningRate, step, gradScale, param, grad, m, v }, attrs, name);
