import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { shape } from "./attributes.js";
import { checkFloat } from "./elementwise.js";
import { scatterByArgmax } from "./pooling.js";

export const globalMaxPoolOp = defineOp({
  name: "globalMaxPool",
  inputs: ["x"],
  outputs: ["y", "argmax"],
  narrow: ["x"],
  attrs: noAttributes,
  infer: ({ x }, _, check) => {
    check.rank("x", x, 4);
    checkFloat(check, { x });
    const pooled = [x.shape[0]!, x.shape[3]!];
    return [
      { shape: pooled, dtype: "f32" },
      { shape: pooled, dtype: "i32" },
    ];
  },
  grad: ({ x }, dy, _, { argmax }) => ({ x: () => globalMaxPoolGrad(dy, argmax, { inputShape: x.shape }) }),
  reference: ({ x }, _, [output]) => {
    const [, height = 0, width = 0, channels = 0] = x.shape;
    const y = new Float64Array(elementCount(output!.shape)).fill(-Infinity);
    const argmax = new Float64Array(y.length);
    x.data.forEach((value, index) => {
      const plane = Math.floor(index / channels);
      const to = Math.floor(plane / (height * width)) * channels + (index % channels);
      if (value <= y[to]!) return;
      y[to] = value;
      argmax[to] = plane % (height * width);
    });
    return [y, argmax];
  },
  flops: ({ x }) => elementCount(x.shape),
});

const globalMaxPoolGradAttributes = z.strictObject({ inputShape: shape });

export const globalMaxPoolGradOp = defineOp({
  name: "globalMaxPoolGrad",
  inputs: ["dy", "argmax"],
  outputs: ["dx"],
  narrow: ["dx"],
  attrs: globalMaxPoolGradAttributes,
  infer: ({ dy, argmax }, { inputShape }, check) => {
    check.rank("inputShape", { shape: inputShape, dtype: dy.dtype }, 4);
    check.shape("dy", dy, [inputShape[0]!, inputShape[3]!]);
    check.shape("argmax", argmax, dy.shape);
    check.dtype("argmax", argmax, "i32");
    return [{ shape: inputShape, dtype: dy.dtype }];
  },
  reference: ({ dy, argmax }, { inputShape }) => [scatterByArgmax(dy.data, argmax.data, inputShape)],
});

/**
 * Maximum over H and W: x (N, H, W, C) -> y f32 [N, C] and its place h * W + w (i32, the first on ties).
 * Throws SHAPE for another rank, DTYPE unless x is f32 or bf16.
 */
export const globalMaxPool = (x: Value, name?: string): { readonly y: Value; readonly argmax: Value } =>
  apply(globalMaxPoolOp, { x }, {}, name);

/**
 * Gradient of `globalMaxPool`: dy [N, C] -> `inputShape` (N, H, W, C). Throws SHAPE where they do not fit,
 * DTYPE unless argmax is i32, ATTRIBUTE for sizes below 1, GRAPH for values of two graphs.
 */
export const globalMaxPoolGrad = (
  dy: Value,
  argmax: Value,
  attrs: z.input<typeof globalMaxPoolGradAttributes>,
  name?: string,
): Value => apply(globalMaxPoolGradOp, { dy, argmax }, attrs, name).dx;
