import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount, type Shape } from "../graph/types.js";
import { shape } from "./attributes.js";
import { pooledShape, poolingFields, visitWindows, type PoolingAttributes } from "./pooling.js";

const fields = { ...poolingFields, countPad: z.boolean().default(false) };

type AveragePoolAttributes = PoolingAttributes & { readonly countPad: boolean };

/** What each window's sum is divided by. */
const divisors = (xShape: Shape, yShape: Shape, attrs: AveragePoolAttributes): Float64Array => {
  const counts = new Float64Array(elementCount(yShape));
  if (attrs.countPad) return counts.fill(attrs.window[0] * attrs.window[1]);
  visitWindows(xShape, yShape, attrs, (to) => counts[to]!++);
  return counts;
};

const averagePoolAttributes = z.strictObject(fields);

export const averagePoolOp = defineOp({
  name: "averagePool",
  inputs: ["x"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: averagePoolAttributes,
  infer: ({ x }, attrs, check) => [{ shape: pooledShape(check, x, attrs), dtype: x.dtype }],
  grad: ({ x }, dy, attrs) => ({ x: () => averagePoolGrad(dy, { ...attrs, inputShape: x.shape }) }),
  reference: ({ x }, attrs, [output]) => {
    const y = new Float64Array(elementCount(output!.shape));
    visitWindows(x.shape, output!.shape, attrs, (to, from) => (y[to]! += x.data[from]!));
    const counts = divisors(x.shape, output!.shape, attrs);
    return [y.map((value, index) => value / counts[index]!)];
  },
  flops: (_, { window }, [y]) => elementCount(y!.shape) * window[0] * window[1],
});

const averagePoolGradAttributes = z.strictObject({ ...fields, inputShape: shape });

export const averagePoolGradOp = defineOp({
  name: "averagePoolGrad",
  inputs: ["dy"],
  outputs: ["dx"],
  narrow: ["dy", "dx"],
  attrs: averagePoolGradAttributes,
  infer: ({ dy }, attrs, check) => {
    const dx = { shape: attrs.inputShape, dtype: dy.dtype };
    check.shape("dy", dy, pooledShape(check, dx, attrs));
    return [dx];
  },
  reference: ({ dy }, attrs) => {
    const dx = new Float64Array(elementCount(attrs.inputShape));
    const counts = divisors(attrs.inputShape, dy.shape, attrs);
    visitWindows(
      attrs.inputShape,
      dy.shape,
      attrs,
      (from, to) => (dx[to]! += dy.data[from]! / counts[from]!),
    );
    return [dx];
  },
  flops: ({ dy }, { window }) => elementCount(dy.shape) * window[0] * window[1],
});

/**
 * Mean of every window of x (N, H, W, C): (N, H', W', C) with H' = floor((H + top + bottom - window) /
 * stride) + 1; `countPad` counts padding as zeros, else it is left out of the mean. Throws SHAPE for x of
 * another rank or smaller than the window, DTYPE unless it is f32 or bf16, ATTRIBUTE for padding as wide as
 * the window.
 */
export const averagePool = (x: Value, attrs: z.input<typeof averagePoolAttributes>, name?: string): Value =>
  apply(averagePoolOp, { x }, attrs, name).y;

/**
 * Gradient of `averagePool`: dy (N, H', W', C) -> `inputShape` (N, H, W, C). Throws SHAPE unless dy is what
 * pooling `inputShape` gives, DTYPE unless it is f32 or bf16, ATTRIBUTE as `averagePool`.
 */
export const averagePoolGrad = (
  dy: Value,
  attrs: z.input<typeof averagePoolGradAttributes>,
  name?: string,
): Value => apply(averagePoolGradOp, { dy }, attrs, name).dx;
