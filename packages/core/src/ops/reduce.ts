import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount, sameShape, type Shape, type TensorType } from "../graph/types.js";
import * as attribute from "./attributes.js";
import { broadcastPositions } from "./broadcasting.js";
import { broadcastTo } from "./broadcast-to.js";
import { checkFloat } from "./elementwise.js";
import { reshape } from "./reshape.js";
import { affine } from "./scale.js";

const attributes = z.strictObject({ axes: attribute.axes, keepDims: z.boolean().default(false) });

type ReduceAttributes = z.output<typeof attributes>;

const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

const reducedType = (check: Check, x: TensorType, { axes, keepDims }: ReduceAttributes): TensorType => {
  checkFloat(check, { x });
  const wrong = axes.find((axis, index) => axis >= x.shape.length || axes.indexOf(axis) !== index);
  if (wrong !== undefined)
    check.attributeError(
      "axes",
      `different axes below ${x.shape.length}`,
      axes.join(", "),
      `x has rank ${x.shape.length}`,
    );
  const shape = keepDims ? keptShape(x.shape, axes) : x.shape.filter((_, axis) => !axes.includes(axis));
  return { shape, dtype: x.dtype };
};

/** `value` with the reduced axes put back as ones. */
const keepAxes = (value: Value, shape: Shape, axes: readonly number[]): Value => {
  const kept = keptShape(shape, axes);
  return sameShape(value.shape, kept) ? value : reshape(value, { shape: kept });
};

const spread = (dy: Value, x: Value, axes: readonly number[]): Value =>
  broadcastTo(keepAxes(dy, x.shape, axes), { shape: x.shape });

const reducedCount = (shape: Shape, axes: readonly number[]): number =>
  elementCount(shape.filter((_, axis) => axes.includes(axis)));

export const sumOp = defineOp({
  name: "sum",
  inputs: ["x"],
  outputs: ["y"],
  attrs: attributes,
  infer: ({ x }, attrs, check) => [reducedType(check, x, attrs)],
  grad: ({ x }, dy, { axes }) => ({ x: () => spread(dy, x, axes) }),
  reference: ({ x }, { axes }, [output]) => {
    const y = new Float64Array(elementCount(output!.shape));
    broadcastPositions(keptShape(x.shape, axes), x.shape).forEach((to, from) => (y[to]! += x.data[from]!));
    return [y];
  },
  flops: ({ x }) => elementCount(x.shape),
});

export const meanOp = defineOp({
  name: "mean",
  inputs: ["x"],
  outputs: ["y"],
  attrs: attributes,
  infer: ({ x }, attrs, check) => [reducedType(check, x, attrs)],
  grad: ({ x }, dy, { axes }) => ({
    x: () => spread(affine(dy, { multiply: 1 / reducedCount(x.shape, axes) }), x, axes),
  }),
  reference: ({ x }, { axes, keepDims }, outputs) => {
    const [total] = sumOp.reference({ x }, { axes, keepDims }, outputs);
    return [total!.map((value) => value / reducedCount(x.shape, axes))];
  },
  flops: ({ x }) => elementCount(x.shape),
});

export const maxOp = defineOp({
  name: "max",
  inputs: ["x"],
  outputs: ["y"],
  attrs: attributes,
  infer: ({ x }, attrs, check) => [reducedType(check, x, attrs)],
  grad: ({ x }, dy, attrs, { y }) => ({ x: () => maxGrad(dy, x, y, attrs) }),
  reference: ({ x }, { axes }, [output]) => {
    const y = new Float64Array(elementCount(output!.shape)).fill(-Infinity);
    broadcastPositions(keptShape(x.shape, axes), x.shape).forEach((to, from) => {
      y[to] = Math.max(y[to]!, x.data[from]!);
    });
    return [y];
  },
  flops: ({ x }) => elementCount(x.shape),
});

export const maxGradOp = defineOp({
  name: "maxGrad",
  inputs: ["dy", "x", "y"],
  outputs: ["dx"],
  attrs: attributes,
  infer: ({ dy, x, y }, attrs, check) => {
    const { shape } = reducedType(check, x, attrs);
    check.shape("y", y, shape);
    check.shape("dy", dy, shape);
    return [x];
  },
  reference: ({ dy, x, y }, { axes }) => {
    const to = broadcastPositions(keptShape(x.shape, axes), x.shape);
    const ties = new Float64Array(y.data.length);
    x.data.forEach((value, index) => {
      if (value === y.data[to[index]!]!) ties[to[index]!]!++;
    });
    return [
      x.data.map((value, index) => {
        const from = to[index]!;
        return value === y.data[from]! ? dy.data[from]! / ties[from]! : 0;
      }),
    ];
  },
  flops: ({ x }) => 2 * elementCount(x.shape),
});

/** Axes to reduce (all by default) and whether they stay as size 1. */
export interface Reduction {
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

const complete = (x: Value, { axes, keepDims = false }: Reduction): ReduceAttributes => ({
  axes: axes ?? x.shape.map((_, axis) => axis),
  keepDims,
});

/**
 * Sum of x over `axes` (default: all, giving rank 0). Throws DTYPE unless x is f32 or bf16, ATTRIBUTE for an
 * axis that it does not have or that is named twice.
 */
export const sum = (x: Value, attrs: Reduction = {}, name?: string): Value =>
  apply(sumOp, { x }, complete(x, attrs), name).y;

/**
 * Mean of x over `axes` (default: all, giving rank 0). Throws DTYPE unless x is f32 or bf16, ATTRIBUTE for an
 * axis that it does not have or that is named twice.
 */
export const mean = (x: Value, attrs: Reduction = {}, name?: string): Value =>
  apply(meanOp, { x }, complete(x, attrs), name).y;

/**
 * Largest element of x over `axes` (default: all, giving rank 0). Throws DTYPE unless x is f32 or bf16,
 * ATTRIBUTE for an axis that it does not have or that is named twice.
 */
export const max = (x: Value, attrs: Reduction = {}, name?: string): Value =>
  apply(maxOp, { x }, complete(x, attrs), name).y;

/**
 * Gradient of `max`, shaped as x; equal maxima share it equally. `attrs` are those of the forward op. Throws
 * SHAPE unless dy and y are shaped as its output, DTYPE or ATTRIBUTE as `max`, GRAPH for values of two
 * graphs.
 */
export const maxGrad = (
  dy: Value,
  x: Value,
  y: Value,
  attrs: z.input<typeof attributes>,
  name?: string,
): Value => apply(maxGradOp, { dy, x, y }, attrs, name).dx;
