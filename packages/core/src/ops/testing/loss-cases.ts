import { exact, gradientCase, opCase, sumTolerance, type OpCase } from "./cases.js";
import { distinct, integers, signed, withTies } from "./numbers.js";

const l2Normalize = [
  opCase(
    "small",
    { x: signed(3, 4) },
    { attrs: { epsilon: 1e-3 }, gradients: ["x"], tolerance: sumTolerance },
  ),
  opCase("wide", { x: signed(5, 130) }, { tolerance: sumTolerance }),
];

const crossEntropy = [
  opCase(
    "plain",
    { logits: signed(4, 5), labels: integers("i32", 0, 4, 4) },
    { gradients: ["logits"], tolerance: sumTolerance },
  ),
  opCase(
    "ignored labels",
    { logits: signed(6, 3), labels: integers("i32", -1, 2, 6) },
    { gradients: ["logits"], tolerance: sumTolerance },
  ),
  opCase(
    "smoothed",
    { logits: signed(4, 5), labels: integers("i32", -1, 4, 4) },
    { attrs: { smoothing: 0.1 }, gradients: ["logits"], tolerance: sumTolerance },
  ),
  opCase(
    "many classes",
    { logits: signed(9, 1000), labels: integers("i32", 0, 999, 9) },
    { tolerance: sumTolerance },
  ),
];

/** Two whole blocks and a rest, and less than one block. */
const classified = [
  opCase(
    "blocks and a rest",
    {
      x: signed(5, 6),
      w: signed(40, 6),
      bias: signed(40),
      labels: integers("i32", -1, 39, 5),
    },
    { attrs: { block: 16 }, gradients: ["x", "w", "bias"], tolerance: sumTolerance },
  ),
  opCase(
    "smoothed",
    { x: signed(3, 4), w: signed(19, 4), bias: signed(19), labels: integers("i32", 0, 18, 3) },
    { attrs: { block: 16, smoothing: 0.1 }, gradients: ["x", "w", "bias"], tolerance: sumTolerance },
  ),
  opCase(
    "one block",
    { x: signed(9, 8), w: signed(300, 8), bias: signed(300), labels: integers("i32", 0, 299, 9) },
    { tolerance: sumTolerance },
  ),
];

const rankings: readonly { readonly title: string; readonly attrs: Readonly<Record<string, unknown>> }[] = [
  { title: "all pairs", attrs: { margin: 0.53 } },
  { title: "hardest", attrs: { margin: 0.53, mining: "hardest" } },
  { title: "three largest", attrs: { margin: 0.53, mining: "topk", k: 3 } },
  { title: "two largest of each positive", attrs: { margin: 0.53, mining: "topk-each", k: 2 } },
  { title: "all pairs without the diagonal", attrs: { margin: 0.53, excludeDiagonal: true } },
  {
    title: "hardest without the diagonal",
    attrs: { margin: 0.53, mining: "hardest", excludeDiagonal: true },
  },
  {
    title: "two largest of each positive without the diagonal",
    attrs: { margin: 0.53, mining: "topk-each", k: 2, excludeDiagonal: true },
  },
];

const labels = (rows: number, columns: number, classes: number) => ({
  rowLabel: integers("i32", 0, classes, rows),
  columnLabel: integers("i32", 0, classes, columns),
});

const ranking: readonly OpCase[] = rankings.flatMap(({ title, attrs }) => [
  opCase(
    title,
    { similarity: distinct(5, 6), ...labels(5, 6, 2) },
    { attrs, gradients: ["similarity"], tolerance: sumTolerance },
  ),
  opCase(
    `${title}, larger`,
    { similarity: signed(33, 70), ...labels(33, 70, 9) },
    { attrs, tolerance: sumTolerance },
  ),
  opCase(
    `${title}, one class`,
    { similarity: signed(3, 4), ...labels(3, 4, 0) },
    { attrs, tolerance: exact },
  ),
  opCase(
    `${title}, ties`,
    { similarity: withTies(0.25, 9, 12), ...labels(9, 12, 3) },
    { attrs, tolerance: sumTolerance },
  ),
]);

const embeddings = [
  opCase(
    "small",
    { table: signed(5, 3), bias: signed(3), ids: integers("i32", 0, 5, 2, 4) },
    { gradients: ["table", "bias"] },
  ),
  opCase("wide", { table: signed(30, 32), bias: signed(32), ids: integers("i32", 0, 30, 7, 11) }, {}),
];

const rowGathers = [
  opCase(
    "repeats",
    { x: signed(4, 3), index: integers("i32", 0, 3, 6) },
    { gradients: ["x"], tolerance: exact },
  ),
  opCase("wide", { x: signed(20, 40), index: integers("i32", 0, 19, 31) }, { tolerance: exact }),
];

export const lossCases: Readonly<Record<string, readonly OpCase[]>> = {
  l2Normalize,
  l2NormalizeGrad: l2Normalize.map((from) =>
    gradientCase(
      "l2Normalize",
      from,
      ({ x, y, norm }) => ({ dy: signed(...x!.shape)(`${from.title}.dy`), y: y!, norm: norm! }),
      {
        attrs: {},
      },
    ),
  ),
  classifierCrossEntropy: classified,
  classifierCrossEntropyGrad: classified.map((from) =>
    gradientCase("classifierCrossEntropy", from, ({ loss, logSumExp, x, w, bias, labels: own }) => ({
      dloss: loss!,
      x: x!,
      w: w!,
      bias: bias!,
      labels: own!,
      logSumExp: logSumExp!,
    })),
  ),
  softmaxCrossEntropy: crossEntropy,
  softmaxCrossEntropyGrad: crossEntropy.map((from) =>
    gradientCase("softmaxCrossEntropy", from, ({ logits, labels: classes, logSumExp }) => ({
      dloss: signed(logits!.shape[0]!)(`${from.title}.dloss`),
      logits: logits!,
      labels: classes!,
      logSumExp: logSumExp!,
    })),
  ),
  rankingHinge: ranking,
  rankingHingeGrad: ranking.map((from) =>
    gradientCase("rankingHinge", from, ({ similarity, rowLabel, columnLabel }) => ({
      dloss: signed(similarity!.shape[0]!)(`${from.title}.dloss`),
      similarity: similarity!,
      rowLabel: rowLabel!,
      columnLabel: columnLabel!,
    })),
  ),
  embedding: embeddings,
  embeddingGrad: embeddings.map((from) =>
    gradientCase("embedding", from, ({ ids, y }) => ({ ids: ids!, dy: y! }), {
      attrs: { vocabulary: from.inputs["table"]!.shape[0]! },
      tolerance: sumTolerance,
    }),
  ),
  gatherRows: rowGathers,
  gatherRowsGrad: rowGathers.map((from, index) => ({
    ...gradientCase("gatherRows", from, ({ y, index: rows }) => ({ dy: y!, index: rows! }), {
      attrs: { rows: from.inputs["x"]!.shape[0]! },
      tolerance: sumTolerance,
    }),
    gradients: index === 0 ? ["dy"] : [],
  })),
};
