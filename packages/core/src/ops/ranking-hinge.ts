import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount, type Tensor, type TensorType } from "../graph/types.js";
import { count } from "./attributes.js";

const attributes = z.strictObject({
  margin: z.number(),
  mining: z.enum(["all", "hardest", "topk", "topk-each"]).default("all"),
  k: count.default(1),
  excludeDiagonal: z.boolean().default(false),
});

type RankingAttributes = z.output<typeof attributes>;

interface Violation {
  readonly positive: number;
  readonly negative: number;
  readonly value: number;
}

interface Labelled {
  readonly similarity: Tensor;
  readonly rowLabel: Tensor;
  readonly columnLabel: Tensor;
}

const violationsOfRow = (inputs: Labelled, row: number, attrs: RankingAttributes): Violation[] => {
  const { similarity, rowLabel, columnLabel } = inputs;
  const columns = [...columnLabel.data.keys()];
  const matches = (column: number): boolean => columnLabel.data[column] === rowLabel.data[row];
  const at = (column: number): number => similarity.data[row * columns.length + column]!;
  const positives = columns.filter((column) => matches(column) && !(attrs.excludeDiagonal && column === row));
  const negatives = columns.filter((column) => !matches(column));
  const byValue = (a: Violation, b: Violation): number => b.value - a.value;
  const perPositive = positives.map((positive) =>
    negatives.map((negative) => ({
      positive,
      negative,
      value: Math.max(0, attrs.margin - at(positive) + at(negative)),
    })),
  );
  if (attrs.mining === "hardest") return perPositive.flatMap((row) => row.sort(byValue).slice(0, 1));
  if (attrs.mining === "topk-each") return perPositive.flatMap((row) => row.sort(byValue).slice(0, attrs.k));
  const all = perPositive.flat();
  return attrs.mining === "topk" ? all.sort(byValue).slice(0, attrs.k) : all;
};

const checkLabels = (
  check: Check,
  similarity: TensorType,
  rowLabel: TensorType,
  columnLabel: TensorType,
): void => {
  check.rank("similarity", similarity, 2);
  check.dtype("similarity", similarity, "f32");
  check.shape("rowLabel", rowLabel, [similarity.shape[0]!]);
  check.dtype("rowLabel", rowLabel, "i32");
  check.shape("columnLabel", columnLabel, [similarity.shape[1]!]);
  check.dtype("columnLabel", columnLabel, "i32");
};

export const rankingHingeOp = defineOp({
  name: "rankingHinge",
  inputs: ["similarity", "rowLabel", "columnLabel"],
  outputs: ["loss"],
  attrs: attributes,
  infer: ({ similarity, rowLabel, columnLabel }, _, check) => {
    checkLabels(check, similarity, rowLabel, columnLabel);
    return [{ shape: [similarity.shape[0]!], dtype: "f32" }];
  },
  grad: ({ similarity, rowLabel, columnLabel }, dloss, attrs) => ({
    similarity: () => rankingHingeGrad(dloss, similarity, rowLabel, columnLabel, attrs),
  }),
  reference: (inputs, attrs) => {
    const loss = new Float64Array(inputs.rowLabel.data.length);
    return [
      loss.map((_, row) => violationsOfRow(inputs, row, attrs).reduce((sum, { value }) => sum + value, 0)),
    ];
  },
  flops: ({ similarity }) => 3 * elementCount(similarity.shape),
});

export const rankingHingeGradOp = defineOp({
  name: "rankingHingeGrad",
  inputs: ["dloss", "similarity", "rowLabel", "columnLabel"],
  outputs: ["dsimilarity"],
  attrs: attributes,
  infer: ({ dloss, similarity, rowLabel, columnLabel }, _, check) => {
    checkLabels(check, similarity, rowLabel, columnLabel);
    check.shape("dloss", dloss, [similarity.shape[0]!]);
    return [similarity];
  },
  reference: ({ dloss, ...inputs }, attrs) => {
    const columns = inputs.columnLabel.data.length;
    const dsimilarity = new Float64Array(inputs.similarity.data.length);
    dloss.data.forEach((gradient, row) => {
      for (const { positive, negative, value } of violationsOfRow(inputs, row, attrs)) {
        if (value <= 0) continue;
        dsimilarity[row * columns + positive]! -= gradient;
        dsimilarity[row * columns + negative]! += gradient;
      }
    });
    return [dsimilarity];
  },
  flops: ({ similarity }) => 3 * elementCount(similarity.shape),
});

/**
 * Ranking loss [N] per row of similarity f32 [N, M]; columns whose label (i32 [M]) equals the row's (i32 [N])
 * are positives, the others negatives, and every pair costs max(0, margin - positive + negative). `mining`:
 * "all" sums all pairs, "hardest" only the worst negative of each positive (VSE++), "topk" the `k` largest
 * pairs of the row (paper B), "topk-each" the `k` worst negatives of each positive; ties go to the lowest
 * column. `excludeDiagonal` drops column i from the positives of row i. Throws SHAPE or DTYPE for other
 * inputs, ATTRIBUTE for an unknown mining or `k` below 1, GRAPH for values of two graphs.
 */
export const rankingHinge = (
  similarity: Value,
  rowLabel: Value,
  columnLabel: Value,
  attrs: z.input<typeof attributes>,
  name?: string,
): Value => apply(rankingHingeOp, { similarity, rowLabel, columnLabel }, attrs, name).loss;

/** Gradient of `rankingHinge`: dloss [N] -> [N, M]. Throws SHAPE, DTYPE, ATTRIBUTE or GRAPH as it does. */
export const rankingHingeGrad = (
  dloss: Value,
  similarity: Value,
  rowLabel: Value,
  columnLabel: Value,
  attrs: z.input<typeof attributes>,
  name?: string,
): Value => apply(rankingHingeGradOp, { dloss, similarity, rowLabel, columnLabel }, attrs, name).dsimilarity;
