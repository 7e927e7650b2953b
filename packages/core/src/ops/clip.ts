import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, namedInputs, noAttributes, type OpRow } from "../graph/op.js";
import { elementCount, type TensorType } from "../graph/types.js";
import { checkFloat } from "./elementwise.js";
import { affine, scale } from "./scale.js";

/** Keeps the division finite for a zero gradient, as PyTorch's clip_grad_norm_ does. */
const clipEpsilon = 1e-6;

type Named<T> = Readonly<Record<string, T>>;

export const sumSquaresOp = defineOp({
  name: "sumSquares",
  inputs: ["x"] as readonly string[],
  repeats: 1,
  outputs: ["y"],
  attrs: noAttributes,
  infer: (inputs: Named<TensorType>, _, check) => {
    checkFloat(check, inputs);
    return [{ shape: [], dtype: "f32" }];
  },
  grad: (inputs: Named<Value>, dy) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, () => scale(affine(x, { multiply: 2 }), dy)]),
    ),
  reference: (inputs) => [
    Float64Array.of(
      Object.values(inputs)
        .flatMap(({ data }) => [...data])
        .reduce((total, value) => total + value * value, 0),
    ),
  ],
  flops: (inputs) => 2 * Object.values(inputs).reduce((sum, { shape }) => sum + elementCount(shape), 0),
});

/**
 * What gradients are multiplied by so that their norm, the root of `total`, stays within `maximum`: at most
 * 1.
 */
export const clipFactor = (total: number, maximum: number): number =>
  Math.min(1, maximum / (Math.sqrt(total) + clipEpsilon));

const clipScaleAttributes = z.strictObject({ maximum: z.number().positive() });

export const clipScaleOp = defineOp({
  name: "clipScale",
  inputs: ["total"],
  outputs: ["scale"],
  attrs: clipScaleAttributes,
  infer: ({ total }, _, check) => {
    check.shape("total", total, []);
    check.dtype("total", total, "f32");
    return [total];
  },
  reference: ({ total }, { maximum }) => [Float64Array.of(clipFactor(total.data[0]!, maximum))],
  flops: () => 4,
});

/**
 * Sum of the squares of all elements of one value or of several: f32 of rank 0. Throws DTYPE unless all are
 * f32 or bf16, GRAPH for values of two graphs, a TypeError for an empty list.
 */
export const sumSquares = (xs: Value | readonly Value[], name?: string): Value =>
  apply(sumSquaresOp, namedInputs(sumSquaresOp as unknown as OpRow, [xs].flat()), {}, name).y;

/**
 * What gradients are multiplied by so that their norm, the root of `total`, stays within `maximum`: rank 0.
 * Throws SHAPE or DTYPE unless total is an f32 of rank 0, ATTRIBUTE unless the maximum is positive.
 */
export const clipScale = (total: Value, attrs: z.input<typeof clipScaleAttributes>, name?: string): Value =>
  apply(clipScaleOp, { total }, attrs, name).scale;
