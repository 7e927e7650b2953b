import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { shape } from "./attributes.js";
import { pooledShape, poolingAttributes, poolingFields, scatterByArgmax, visitWindows } from "./pooling.js";

export const maxPoolOp = defineOp({
  name: "maxPool",
  inputs: ["x"],
  outputs: ["y", "argmax"],
  narrow: ["x", "y"],
  attrs: poolingAttributes,
  infer: ({ x }, attrs, check) => {
    const pooled = pooledShape(check, x, attrs);
    return [
      { shape: pooled, dtype: x.dtype },
      { shape: pooled, dtype: "i32" },
    ];
  },
  grad: ({ x }, dy, attrs, { argmax }) => ({
    x: () => maxPoolGrad(dy, argmax, { ...attrs, inputShape: x.shape }),
  }),
  reference: ({ x }, attrs, [output]) => {
    const [, height = 0, width = 0, channels = 0] = x.shape;
    const y = new Float64Array(elementCount(output!.shape)).fill(-Infinity);
    const argmax = new Float64Array(y.length);
    visitWindows(x.shape, output!.shape, attrs, (to, from) => {
      if (x.data[from]! <= y[to]!) return;
      y[to] = x.data[from]!;
      argmax[to] = Math.floor(from / channels) % (height * width);
    });
    return [y, argmax];
  },
  flops: (_, { window }, [y]) => elementCount(y!.shape) * window[0] * window[1],
});

const maxPoolGradAttributes = z.strictObject({ ...poolingFields, inputShape: shape });

export const maxPoolGradOp = defineOp({
  name: "maxPoolGrad",
  inputs: ["dy", "argmax"],
  outputs: ["dx"],
  narrow: ["dy", "dx"],
  attrs: maxPoolGradAttributes,
  infer: ({ dy, argmax }, attrs, check) => {
    const dx = { shape: attrs.inputShape, dtype: dy.dtype };
    check.shape("dy", dy, pooledShape(check, dx, attrs));
    check.shape("argmax", argmax, dy.shape);
    check.dtype("argmax", argmax, "i32");
    return [dx];
  },
  reference: ({ dy, argmax }, { inputShape }) => [scatterByArgmax(dy.data, argmax.data, inputShape)],
});

/**
 * Largest element of every window of x (N, H, W, C): (N, H', W', C), as `averagePool` counts. `argmax` (i32)
 * is its place h * W + w in the input plane, the first one on ties; padding never wins. Throws SHAPE, DTYPE
 * or ATTRIBUTE as `averagePool`.
 */
export const maxPool = (
  x: Value,
  attrs: z.input<typeof poolingAttributes>,
  name?: string,
): { readonly y: Value; readonly argmax: Value } => apply(maxPoolOp, { x }, attrs, name);

/**
 * Gradient of `maxPool`: dy (N, H', W', C) goes to the elements of `inputShape` (N, H, W, C) that won. Throws
 * SHAPE unless dy and argmax are what pooling `inputShape` gives, DTYPE unless dy is f32 or bf16 and argmax
 * i32, ATTRIBUTE as `averagePool`, GRAPH for values of two graphs.
 */
export const maxPoolGrad = (
  dy: Value,
  argmax: Value,
  attrs: z.input<typeof maxPoolGradAttributes>,
  name?: string,
): Value => apply(maxPoolGradOp, { dy, argmax }, attrs, name).dx;
