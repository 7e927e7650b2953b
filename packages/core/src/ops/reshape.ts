import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import * as attribute from "./attributes.js";

const attributes = z.strictObject({ shape: attribute.shape });

export const reshapeOp = defineOp({
  name: "reshape",
  inputs: ["x"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: attributes,
  inPlace: [0],
  infer: ({ x }, { shape }, check) => {
    check.size("elements of shape", elementCount(x.shape), elementCount(shape));
    return [{ shape, dtype: x.dtype }];
  },
  grad: ({ x }, dy) => ({ x: () => reshape(dy, { shape: x.shape }) }),
  reference: ({ x }) => [x.data.slice()],
  flops: () => 0,
});

/**
 * The elements of x, in row-major order, under another shape. Throws SHAPE for another number of elements,
 * ATTRIBUTE for sizes below 1.
 */
export const reshape = (x: Value, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(reshapeOp, { x }, attrs, name).y;
