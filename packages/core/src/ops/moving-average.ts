import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, groupsOf } from "../graph/op.js";
import { elementCount } from "../graph/types.js";

const attributes = z.strictObject({
  decay: z.number().min(0).max(1),
  correction: z.number().positive().default(1),
});

export const movingAverageOp = defineOp({
  name: "movingAverage",
  inputs: ["state", "x"],
  repeats: 2,
  outputs: ["state"],
  updates: ["state"],
  attrs: attributes,
  infer: (inputs, _, check) =>
    groupsOf(inputs, "state", "x").map(({ state, x }) => {
      check.dtype("state", state, "f32");
      check.shape("x", x, state.shape);
      check.dtype("x", x, "f32");
      return state;
    }),
  reference: (inputs, { decay, correction }) =>
    groupsOf(inputs, "state", "x").map(({ state, x }) =>
      state.data.map((value, index) => decay * value + (1 - decay) * correction * x.data[index]!),
    ),
  flops: (inputs) =>
    3 * groupsOf(inputs, "state").reduce((sum, { state }) => sum + elementCount(state.shape), 0),
});

/**
 * state = decay state + (1 - decay) correction x, for running statistics (`correction` n / (n - 1) makes a
 * biased variance unbiased) and averaged weights. Updates the store value and returns it as it is afterwards.
 * Throws SHAPE or DTYPE unless both are f32 of one shape, ATTRIBUTE for a decay outside [0, 1], GRAPH unless
 * state is a parameter of x's graph.
 */
export const movingAverage = (
  state: Value,
  x: Value,
  attrs: z.input<typeof attributes>,
  name?: string,
): Value => apply(movingAverageOp, { state, x }, attrs, name).state;
