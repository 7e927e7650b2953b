import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { multiply } from "./arithmetic.js";
import { checkFloat } from "./elementwise.js";
import { sum } from "./reduce.js";

export const scaleOp = defineOp({
  name: "scale",
  inputs: ["x", "s"],
  outputs: ["y"],
  attrs: noAttributes,
  inPlace: [0],
  infer: ({ x, s }, _, check) => {
    checkFloat(check, { x });
    check.shape("s", s, [], "a scalar or a rank-0 value");
    check.dtype("s", s, "f32");
    return [x];
  },
  grad: ({ x, s }, dy) => ({ x: () => scale(dy, s), s: () => sum(multiply(dy, x)) }),
  reference: ({ x, s }) => [x.data.map((value) => value * s.data[0]!)],
});

const affineAttributes = z.strictObject({ multiply: z.number().default(1), add: z.number().default(0) });

export const affineOp = defineOp({
  name: "affine",
  inputs: ["x"],
  outputs: ["y"],
  attrs: affineAttributes,
  inPlace: [0],
  infer: ({ x }, _, check) => {
    checkFloat(check, { x });
    return [x];
  },
  grad: (_, dy, attrs) => ({
    x: () => (attrs.multiply === 1 ? dy : affine(dy, { multiply: attrs.multiply })),
  }),
  reference: ({ x }, attrs) => [x.data.map((value) => attrs.multiply * value + attrs.add)],
});

/**
 * x * s for a number s that is known only at the step: a scalar of the graph or a computed rank-0 value.
 * Throws SHAPE unless s is of rank 0, DTYPE unless x is f32 or bf16 and s f32, GRAPH for values of two
 * graphs.
 */
export const scale = (x: Value, s: Value, name?: string): Value => apply(scaleOp, { x, s }, {}, name).y;

/**
 * multiply * x + add with constants (defaults 1 and 0), any shape. Throws DTYPE unless x is f32 or bf16,
 * ATTRIBUTE for constants that are not finite.
 */
export const affine = (x: Value, attrs: z.input<typeof affineAttributes>, name?: string): Value =>
  apply(affineOp, { x }, attrs, name).y;
