import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount, type Shape } from "../graph/types.js";
import { shape } from "./attributes.js";
import { checkFloat } from "./elementwise.js";

const planeOf = ([, height = 1, width = 1]: Shape): number => height * width;

/** The position in (N, C) of element `index` of (N, H, W, C). */
const pooledPosition = (index: number, [, height = 1, width = 1, channels = 1]: Shape): number =>
  Math.floor(index / (height * width * channels)) * channels + (index % channels);

export const globalAveragePoolOp = defineOp({
  name: "globalAveragePool",
  inputs: ["x"],
  outputs: ["y"],
  narrow: ["x"],
  attrs: noAttributes,
  infer: ({ x }, _, check) => {
    check.rank("x", x, 4);
    checkFloat(check, { x });
    return [{ shape: [x.shape[0]!, x.shape[3]!], dtype: "f32" }];
  },
  grad: ({ x }, dy) => ({ x: () => globalAveragePoolGrad(dy, { inputShape: x.shape }) }),
  reference: ({ x }, _, [output]) => {
    const y = new Float64Array(elementCount(output!.shape));
    x.data.forEach((value, index) => (y[pooledPosition(index, x.shape)]! += value / planeOf(x.shape)));
    return [y];
  },
  flops: ({ x }) => elementCount(x.shape),
});

const globalAveragePoolGradAttributes = z.strictObject({ inputShape: shape });

export const globalAveragePoolGradOp = defineOp({
  name: "globalAveragePoolGrad",
  inputs: ["dy"],
  outputs: ["dx"],
  narrow: ["dx"],
  attrs: globalAveragePoolGradAttributes,
  infer: ({ dy }, { inputShape }, check) => {
    check.rank("inputShape", { shape: inputShape, dtype: dy.dtype }, 4);
    check.shape("dy", dy, [inputShape[0]!, inputShape[3]!]);
    return [{ shape: inputShape, dtype: dy.dtype }];
  },
  reference: ({ dy }, { inputShape }) => {
    const dx = new Float64Array(elementCount(inputShape));
    return [dx.map((_, index) => dy.data[pooledPosition(index, inputShape)]! / planeOf(inputShape))];
  },
});

/**
 * Mean over H and W: x (N, H, W, C) -> f32 [N, C]. Throws SHAPE for another rank, DTYPE unless x is f32 or
 * bf16.
 */
export const globalAveragePool = (x: Value, name?: string): Value =>
  apply(globalAveragePoolOp, { x }, {}, name).y;

/**
 * Gradient of `globalAveragePool`: dy [N, C] -> `inputShape` (N, H, W, C). Throws SHAPE where the two do not
 * fit, ATTRIBUTE for sizes below 1.
 */
export const globalAveragePoolGrad = (
  dy: Value,
  attrs: z.input<typeof globalAveragePoolGradAttributes>,
  name?: string,
): Value => apply(globalAveragePoolGradOp, { dy }, attrs, name).dx;
