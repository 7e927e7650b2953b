import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";

const largestK = 1024;

const attributes = z.strictObject({ k: z.int().min(1).max(largestK) });

export const topkOp = defineOp({
  name: "topk",
  inputs: ["similarity"],
  outputs: ["values", "index"],
  attrs: attributes,
  infer: ({ similarity }, { k }, check) => {
    check.rank("similarity", similarity, 2);
    check.dtype("similarity", similarity, "f32");
    const [rows, columns] = similarity.shape as [number, number];
    if (k > columns) check.attributeError("k", `at most the ${columns} columns of similarity`, String(k));
    return [
      { shape: [rows, k], dtype: "f32" },
      { shape: [rows, k], dtype: "i32" },
    ];
  },
  reference: ({ similarity }, { k }) => {
    const [rows, columns] = similarity.shape as [number, number];
    const best = Array.from({ length: rows }, (_, row) => {
      const values = similarity.data.subarray(row * columns, (row + 1) * columns);
      return [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, k);
    });
    const values = best.flatMap((columnsOfRow, row) =>
      columnsOfRow.map((at) => similarity.data[row * columns + at]!),
    );
    return [Float64Array.from(values), Float64Array.from(best.flat())];
  },
  flops: ({ similarity }) => elementCount(similarity.shape),
});

/**
 * The k largest of each row of similarity f32 [N, M], largest first, and their columns (i32), [N, k] each;
 * ties: lowest column. Throws SHAPE for another rank, DTYPE for another number type, ATTRIBUTE unless k is 1
 * to 1024 and at most M.
 */
export const topk = (
  similarity: Value,
  attrs: z.input<typeof attributes>,
  name?: string,
): { readonly values: Value; readonly index: Value } => apply(topkOp, { similarity }, attrs, name);
