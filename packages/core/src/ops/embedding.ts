import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { count } from "./attributes.js";
import { biasGrad } from "./bias-add.js";

export const embeddingOp = defineOp({
  name: "embedding",
  inputs: ["table", "bias", "ids"],
  outputs: ["y"],
  narrow: ["y"],
  attrs: noAttributes,
  infer: ({ table, bias, ids }, _, check) => {
    check.rank("table", table, 2);
    check.dtype("table", table, "f32");
    check.shape("bias", bias, [table.shape[1]!]);
    check.dtype("bias", bias, "f32");
    check.rank("ids", ids, 2);
    check.dtype("ids", ids, "i32");
    const [batch, length] = ids.shape as [number, number];
    return [{ shape: [batch, 1, length, table.shape[1]!], dtype: table.dtype }];
  },
  indexLimits: ({ table }) => ({ ids: [0, table.shape[0]!] }),
  grad: ({ table, ids }, dy) => ({
    table: () => embeddingGrad(ids, dy, { vocabulary: table.shape[0]! }),
    bias: () => biasGrad(dy),
  }),
  reference: ({ table, bias, ids }) => {
    const width = bias.data.length;
    const y = new Float64Array(ids.data.length * width);
    const word = (id: number, k: number): number => (id === 0 ? 0 : table.data[(id - 1) * width + k]!);
    return [y.map((_, at) => bias.data[at % width]! + word(ids.data[Math.floor(at / width)]!, at % width))];
  },
});

const embeddingGradAttributes = z.strictObject({ vocabulary: count });

export const embeddingGradOp = defineOp({
  name: "embeddingGrad",
  inputs: ["ids", "dy"],
  outputs: ["dtable"],
  narrow: ["dy"],
  attrs: embeddingGradAttributes,
  infer: ({ ids, dy }, { vocabulary }, check) => {
    check.rank("ids", ids, 2);
    check.dtype("ids", ids, "i32");
    check.rank("dy", dy, 4);
    const [batch, length] = ids.shape as [number, number];
    check.shape("dy", dy, [batch, 1, length, dy.shape[3]!]);
    return [{ shape: [vocabulary, dy.shape[3]!], dtype: "f32" }];
  },
  reference: ({ ids, dy }, { vocabulary }) => {
    const width = dy.shape[3]!;
    const dtable = new Float64Array(vocabulary * width);
    dy.data.forEach((value, index) => {
      const id = ids.data[Math.floor(index / width)]!;
      if (id > 0) dtable[(id - 1) * width + (index % width)]! += value;
    });
    return [dtable];
  },
  flops: ({ dy }) => elementCount(dy.shape),
});

/**
 * Looks up ids i32 [N, L] in table f32 [V, D] and adds bias f32 [D]: (N, 1, L, D). Id 0 is padding and gives
 * the bias alone; id k gives row k - 1. Throws SHAPE or DTYPE for other inputs, GRAPH for values of two
 * graphs; an id outside 0 to V is a FEED error at the step.
 */
export const embedding = (table: Value, bias: Value, ids: Value, name?: string): Value =>
  apply(embeddingOp, { table, bias, ids }, {}, name).y;

/**
 * Gradient of `embedding` with respect to its table: ids i32 [N, L], dy (N, 1, L, D) -> f32 [vocabulary, D].
 * Throws SHAPE or DTYPE for other inputs, ATTRIBUTE for a vocabulary below 1, GRAPH for values of two graphs.
 */
export const embeddingGrad = (
  ids: Value,
  dy: Value,
  attrs: z.input<typeof embeddingGradAttributes>,
  name?: string,
): Value => apply(embeddingGradOp, { ids, dy }, attrs, name).dtable;
