import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { divide, multiply } from "./arithmetic.js";
import { unaryGradOp, unaryOp } from "./elementwise.js";
import { affine } from "./scale.js";

export const expOp = unaryOp("exp", Math.exp, (_, dy, y) => multiply(dy, y));
export const logOp = unaryOp("log", Math.log, (x, dy) => divide(dy, x));
export const sqrtOp = unaryOp("sqrt", Math.sqrt, (_, dy, y) => sqrtGrad(dy, y));
export const sqrtGradOp = unaryGradOp("sqrtGrad", "y", (dy, y) => (0.5 * dy) / y);
export const squareOp = unaryOp(
  "square",
  (x) => x * x,
  (x, dy) => multiply(affine(dy, { multiply: 2 }), x),
);
export const softplusOp = unaryOp(
  "softplus",
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x, dy) => softplusGrad(dy, x),
);
export const softplusGradOp = unaryGradOp("softplusGrad", "x", (dy, x) => dy / (1 + Math.exp(-x)));

/** e to the x, any shape. Throws DTYPE unless x is f32 or bf16. */
export const exp = (x: Value, name?: string): Value => apply(expOp, { x }, {}, name).y;

/** Natural logarithm, any shape. Throws DTYPE unless x is f32 or bf16. */
export const log = (x: Value, name?: string): Value => apply(logOp, { x }, {}, name).y;

/** Square root, any shape. Throws DTYPE unless x is f32 or bf16. */
export const sqrt = (x: Value, name?: string): Value => apply(sqrtOp, { x }, {}, name).y;

/**
 * Gradient of `sqrt` from its output y. Throws SHAPE unless both are of one shape, DTYPE unless both are f32
 * or bf16, GRAPH for values of two graphs.
 */
export const sqrtGrad = (dy: Value, y: Value, name?: string): Value =>
  apply(sqrtGradOp, { dy, y }, {}, name).dx;

/** x * x, any shape. Throws DTYPE unless x is f32 or bf16. */
export const square = (x: Value, name?: string): Value => apply(squareOp, { x }, {}, name).y;

/** log(1 + e to the x), any shape. Throws DTYPE unless x is f32 or bf16. */
export const softplus = (x: Value, name?: string): Value => apply(softplusOp, { x }, {}, name).y;

/**
 * Gradient of `softplus` from its input x. Throws SHAPE unless both are of one shape, DTYPE unless both are
 * f32 or bf16, GRAPH for values of two graphs.
 */
export const softplusGrad = (dy: Value, x: Value, name?: string): Value =>
  apply(softplusGradOp, { dy, x }, {}, name).dx;
