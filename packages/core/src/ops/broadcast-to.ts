import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { sameShape } from "../graph/types.js";
import * as attribute from "./attributes.js";
import { broadcastPositions, broadcastShape, sumTo } from "./broadcasting.js";

const attributes = z.strictObject({ shape: attribute.shape });

export const broadcastToOp = defineOp({
  name: "broadcastTo",
  inputs: ["x"],
  outputs: ["y"],
  attrs: attributes,
  infer: ({ x }, { shape }, check) => {
    const y = { shape, dtype: x.dtype };
    if (!sameShape(broadcastShape(check, x, y), shape))
      check.shape("x", x, shape, "x must not be larger than shape");
    return [y];
  },
  grad: ({ x }, dy) => ({ x: () => sumTo(dy, x.shape) }),
  reference: ({ x }, { shape }) => [
    Float64Array.from(broadcastPositions(x.shape, shape), (position) => x.data[position]!),
  ],
  flops: () => 0,
});

/**
 * Repeats x along axes of size 1, and in front, until it has `shape` (rank at most 4). Throws SHAPE where x
 * does not broadcast to it, ATTRIBUTE for sizes below 1.
 */
export const broadcastTo = (x: Value, attrs: z.input<typeof attributes>, name?: string): Value =>
  apply(broadcastToOp, { x }, attrs, name).y;
