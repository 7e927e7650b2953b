import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp, noAttributes } from "../graph/op.js";
import { elementCount } from "../graph/types.js";

export const countGreaterOp = defineOp({
  name: "countGreater",
  inputs: ["similarity", "threshold"],
  outputs: ["greater", "equal"],
  attrs: noAttributes,
  infer: ({ similarity, threshold }, _, check) => {
    check.rank("similarity", similarity, 2);
    check.dtype("similarity", similarity, "f32");
    check.shape("threshold", threshold, [similarity.shape[0]!]);
    check.dtype("threshold", threshold, "f32");
    const counts = { shape: [similarity.shape[0]!], dtype: "i32" } as const;
    return [counts, counts];
  },
  reference: ({ similarity, threshold }) => {
    const columns = similarity.shape[1]!;
    const [greater, equal] = [
      new Float64Array(threshold.data.length),
      new Float64Array(threshold.data.length),
    ];
    similarity.data.forEach((value, index) => {
      const row = Math.floor(index / columns);
      if (value > threshold.data[row]!) greater[row]!++;
      if (value === threshold.data[row]!) equal[row]!++;
    });
    return [greater, equal];
  },
  flops: ({ similarity }) => 2 * elementCount(similarity.shape),
});

/**
 * How many elements of each row of similarity [N, M] exceed, and how many equal, threshold [N]: two i32 [N].
 * Throws SHAPE for other shapes, DTYPE unless both are f32, GRAPH for values of two graphs.
 */
export const countGreater = (
  similarity: Value,
  threshold: Value,
  name?: string,
): { readonly greater: Value; readonly equal: Value } =>
  apply(countGreaterOp, { similarity, threshold }, {}, name);
