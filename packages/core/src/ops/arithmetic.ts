import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes, type OpDefinition } from "../graph/op.js";
import { broadcastPositions, broadcastShape, sumTo } from "./broadcasting.js";
import { checkFloat } from "./elementwise.js";
import { affine } from "./scale.js";

interface BinaryGradients {
  a(dy: Value, a: Value, b: Value, y: Value): Value;
  b(dy: Value, a: Value, b: Value, y: Value): Value;
}

const binaryOp = (
  name: string,
  f: (a: number, b: number) => number,
  gradients: BinaryGradients,
  storage: { readonly narrow?: readonly ("a" | "b" | "y")[] } = {},
): OpDefinition<"a" | "b", "y", typeof noAttributes> =>
  defineOp({
    ...storage,
    name,
    inputs: ["a", "b"],
    outputs: ["y"],
    attrs: noAttributes,
    inPlace: [0, 1],
    infer: ({ a, b }, _, check) => {
      checkFloat(check, { a });
      check.dtype("b", b, a.dtype);
      return [{ shape: broadcastShape(check, a, b), dtype: a.dtype }];
    },
    grad: ({ a, b }, dy, _, { y }) => ({
      a: () => sumTo(gradients.a(dy, a, b, y), a.shape),
      b: () => sumTo(gradients.b(dy, a, b, y), b.shape),
    }),
    reference: ({ a, b }, _, [y]) => {
      const [left, right] = [broadcastPositions(a.shape, y!.shape), broadcastPositions(b.shape, y!.shape)];
      return [Float64Array.from(left, (position, index) => f(a.data[position]!, b.data[right[index]!]!))];
    },
  });

const negated = (x: Value): Value => affine(x, { multiply: -1 });

/** Residuals, and gradients that meet. */
const sums = { narrow: ["a", "b", "y"] } as const;

export const addOp = binaryOp("add", (a, b) => a + b, { a: (dy) => dy, b: (dy) => dy }, sums);
export const subtractOp = binaryOp("subtract", (a, b) => a - b, { a: (dy) => dy, b: negated });
export const multiplyOp = binaryOp("multiply", (a, b) => a * b, {
  a: (dy, _, b) => multiply(dy, b),
  b: (dy, a) => multiply(dy, a),
});
export const divideOp = binaryOp("divide", (a, b) => a / b, {
  a: (dy, _, b) => divide(dy, b),
  b: (dy, _, b, y) => negated(divide(multiply(dy, y), b)),
});

/**
 * a + b with NumPy broadcasting, rank at most 4. Throws SHAPE where the shapes do not broadcast, DTYPE unless
 * both are f32 or both bf16, GRAPH for values of two graphs.
 */
export const add = (a: Value, b: Value, name?: string): Value => apply(addOp, { a, b }, {}, name).y;

/**
 * a - b with NumPy broadcasting, rank at most 4. Throws SHAPE where the shapes do not broadcast, DTYPE unless
 * both are f32 or both bf16, GRAPH for values of two graphs.
 */
export const subtract = (a: Value, b: Value, name?: string): Value => apply(subtractOp, { a, b }, {}, name).y;

/**
 * a * b with NumPy broadcasting, rank at most 4. Throws SHAPE where the shapes do not broadcast, DTYPE unless
 * both are f32 or both bf16, GRAPH for values of two graphs.
 */
export const multiply = (a: Value, b: Value, name?: string): Value => apply(multiplyOp, { a, b }, {}, name).y;

/**
 * a / b with NumPy broadcasting, rank at most 4. Throws SHAPE where the shapes do not broadcast, DTYPE unless
 * both are f32 or both bf16, GRAPH for values of two graphs.
 */
export const divide = (a: Value, b: Value, name?: string): Value => apply(divideOp, { a, b }, {}, name).y;
