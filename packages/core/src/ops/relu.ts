import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { unaryGradOp, unaryOp } from "./elementwise.js";

export const reluOp = unaryOp(
  "relu",
  (x) => Math.max(0, x),
  (_, dy, y) => reluGrad(dy, y),
  { narrow: ["x", "y"] },
);
export const reluGradOp = unaryGradOp("reluGrad", "y", (dy, y) => (y > 0 ? dy : 0), {
  narrow: ["dy", "y", "dx"],
});
export const relu6Op = unaryOp(
  "relu6",
  (x) => Math.min(6, Math.max(0, x)),
  (_, dy, y) => relu6Grad(dy, y),
  { narrow: ["x", "y"] },
);
export const relu6GradOp = unaryGradOp("relu6Grad", "y", (dy, y) => (y > 0 && y < 6 ? dy : 0), {
  narrow: ["dy", "y", "dx"],
});

/** max(0, x), any shape. Throws DTYPE unless x is f32 or bf16. */
export const relu = (x: Value, name?: string): Value => apply(reluOp, { x }, {}, name).y;

/**
 * Gradient of `relu` from its output y. Throws SHAPE unless both are of one shape, DTYPE unless both are f32
 * or bf16, GRAPH for values of two graphs.
 */
export const reluGrad = (dy: Value, y: Value, name?: string): Value =>
  apply(reluGradOp, { dy, y }, {}, name).dx;

/** min(6, max(0, x)), any shape. Throws DTYPE unless x is f32 or bf16. */
export const relu6 = (x: Value, name?: string): Value => apply(relu6Op, { x }, {}, name).y;

/**
 * Gradient of `relu6` from its output y. Throws SHAPE unless both are of one shape, DTYPE unless both are f32
 * or bf16, GRAPH for values of two graphs.
 */
export const relu6Grad = (dy: Value, y: Value, name?: string): Value =>
  apply(relu6GradOp, { dy, y }, {}, name).dx;
