import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { hashName, uniform01 } from "../graph/philox.js";
import { checkFloat } from "./elementwise.js";

const attributes = z.strictObject({ rate: z.number().min(0).lt(1), stream: z.int().min(0).max(0xffffffff) });

export const dropoutOp = defineOp({
  name: "dropout",
  inputs: ["x", "seed", "step"],
  outputs: ["y"],
  narrow: ["x", "y"],
  attrs: attributes,
  inPlace: [0],
  infer: ({ x, seed, step }, _, check) => {
    checkFloat(check, { x });
    for (const [name, type] of Object.entries({ seed, step })) {
      check.shape(name, type, []);
      check.dtype(name, type, "u32");
    }
    return [x];
  },
  grad: ({ seed, step }, dy, attrs) => ({ x: () => dropout(dy, seed, step, attrs) }),
  reference: ({ x, seed, step }, { rate, stream }) => {
    const uniform = uniform01(seed.data[0]!, stream, step.data[0]!, x.data.length);
    return [x.data.map((value, index) => (uniform[index]! >= Math.fround(rate) ? value / (1 - rate) : 0))];
  },
});

/**
 * Zeroes elements of x with probability `rate` and scales the others by 1 / (1 - rate) (Srivastava et al.
 * 2014). The mask is a function of seed, step (u32 scalars) and `stream`, by default the hash of the node's
 * name. Throws SHAPE or DTYPE unless x is f32 or bf16 and the scalars are u32 of rank 0, ATTRIBUTE for a rate
 * outside [0, 1), GRAPH for values of two graphs.
 */
export const dropout = (
  x: Value,
  seed: Value,
  step: Value,
  attrs: { readonly rate: number; readonly stream?: number },
  name?: string,
): Value => {
  const claimed = x.graph.claimName(name ?? dropoutOp.name);
  return apply(
    dropoutOp,
    { x, seed, step },
    { ...attrs, stream: attrs.stream ?? hashName(claimed) },
    { claimed },
  ).y;
};
