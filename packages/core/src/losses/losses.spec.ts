import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { Graph, type Value } from "../graph/graph.js";
import { uniform01 } from "../graph/philox.js";
import type { TypedArray } from "../graph/types.js";
import { contrastiveLoss, positiveShares, sameClassMask } from "./contrastive.js";
import { instanceLoss } from "./instance.js";
import { inBatchRankingLoss, pairedNegativeMask, pairedRankingLoss } from "./ranking.js";
import { lossesSchema } from "./schema.js";
import { pairSigns, sigmoidLoss } from "./sigmoid.js";

const ROWS = 8;
const DIMENSION = 5;
/** Taps leave the float64 interpreter as float32. */
const FLOAT32_DIGITS = 5;

const unitRows = (stream: number): Float32Array => {
  const rows = uniform01(5, stream, 1, ROWS * DIMENSION).map((value) => 2 * value - 1);
  for (let row = 0; row < ROWS; row++) {
    const slice = rows.subarray(row * DIMENSION, (row + 1) * DIMENSION);
    const norm = Math.hypot(...slice);
    slice.forEach((value, index) => (slice[index] = value / norm));
  }
  return rows;
};

const image = unitRows(1);
const text = unitRows(2);
const distinct = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
const repeated = Int32Array.of(0, 1, 2, 1, 4, 0, 6, 1);

const cosine = (row: number, column: number): number => {
  let sum = 0;
  for (let k = 0; k < DIMENSION; k++) sum += image[row * DIMENSION + k]! * text[column * DIMENSION + k]!;
  return sum;
};

async function valueOf(
  build: (graph: Graph, x: { image: Value; text: Value }) => Value,
  feeds: Record<string, TypedArray>,
) {
  const graph = new Graph("loss");
  const inputs = {
    image: graph.input("image", [ROWS, DIMENSION]),
    text: graph.input("text", [ROWS, DIMENSION]),
  };
  const loss = build(graph, inputs);
  expect(loss.shape).toEqual([]);
  const store = Store.open({ device: "reference" });
  const program = await store.compile(graph, { taps: { loss } });
  const taps = await program.step({ image, text, ...feeds });
  return taps["loss"]![0]!;
}

const inBatch = (labels: Int32Array, margin: number, mining: "all" | "hardest") =>
  valueOf(
    (graph, inputs) => {
      const label = (name: string) => graph.input(name, [ROWS], "i32");
      const pairs = { ...inputs, imageLabel: label("imageLabel"), textLabel: label("textLabel") };
      return inBatchRankingLoss(pairs, margin, mining);
    },
    { imageLabel: labels, textLabel: labels },
  );

/** Sum over both directions, positives and negatives of max(0, margin - positive + negative), by plain loops. */
function rankingByLoops(labels: Int32Array, margin: number, mining: "all" | "hardest"): number {
  let total = 0;
  for (const score of [cosine, (row: number, column: number) => cosine(column, row)]) {
    for (let row = 0; row < ROWS; row++) {
      for (let positive = 0; positive < ROWS; positive++) {
        if (labels[positive] !== labels[row]) continue;
        const violations = [...labels.keys()]
          .filter((column) => labels[column] !== labels[row])
          .map((negative) => Math.max(0, margin - score(row, positive) + score(row, negative)));
        total += mining === "all" ? violations.reduce((a, b) => a + b, 0) : Math.max(0, ...violations);
      }
    }
  }
  return total / ROWS;
}

describe("ranking loss over the batch", () => {
  it.each(["all", "hardest"] as const)("with %s negatives agrees with plain loops", async (mining) => {
    expect(await inBatch(distinct, 0.4, mining)).toBeCloseTo(
      rankingByLoops(distinct, 0.4, mining),
      FLOAT32_DIGITS,
    );
  });

  it.each(["all", "hardest"] as const)(
    "with %s never takes a row of the same class as a negative",
    async (mining) => {
      expect(await inBatch(repeated, 0.4, mining)).toBeCloseTo(
        rankingByLoops(repeated, 0.4, mining),
        FLOAT32_DIGITS,
      );
      expect(await inBatch(new Int32Array(ROWS), 0.4, mining)).toBe(0);
    },
  );
});

describe("paper A's ranking loss", () => {
  const half = ROWS / 2;
  const paired = (labels: Int32Array) =>
    valueOf((graph, x) => pairedRankingLoss(x.image, x.text, graph.input("mask", [half, 2]), 1), {
      mask: pairedNegativeMask(labels, labels),
    });

  const byLoops = (labels: Int32Array): number => {
    let total = 0;
    for (let anchor = 0; anchor < half; anchor++) {
      if (labels[anchor] === labels[half + anchor]) continue;
      const positive = cosine(anchor, anchor);
      total += Math.max(0, 1 - positive + cosine(anchor, half + anchor));
      total += Math.max(0, 1 - positive + cosine(half + anchor, anchor));
    }
    return total / ROWS;
  };

  it("takes row i of the second half as the negatives of anchor i", async () => {
    expect(await paired(distinct)).toBeCloseTo(byLoops(distinct), FLOAT32_DIGITS);
  });

  it("leaves out negatives of the anchor's own class", async () => {
    const labels = Int32Array.of(0, 1, 2, 3, 0, 5, 2, 7);
    expect(await paired(labels)).toBeCloseTo(byLoops(labels), FLOAT32_DIGITS);
  });

  it("masks the two directions by their own labels", () => {
    const mask = pairedNegativeMask(Int32Array.of(0, 1, 2, 3), Int32Array.of(0, 1, 0, 5));
    expect([...mask]).toEqual([0, 1, 1, 1]);
  });
});

describe("contrastive loss", () => {
  const contrastive = (labels: Int32Array, scale: number) =>
    valueOf(
      (graph, x) => {
        const mask = graph.input("mask", [ROWS, ROWS]);
        return contrastiveLoss({ ...x, mask, rows: graph.input("rows", [ROWS], "i32") }, scale);
      },
      { mask: sameClassMask(labels, labels), rows: distinct },
    );

  const byLoops = (labels: Int32Array, scale: number): number => {
    let total = 0;
    for (const score of [cosine, (row: number, column: number) => cosine(column, row)]) {
      for (let row = 0; row < ROWS; row++) {
        const columns = [...labels.keys()].filter(
          (column) => column === row || labels[column] !== labels[row],
        );
        const sum = columns.reduce((partial, column) => partial + Math.exp(scale * score(row, column)), 0);
        total += Math.log(sum) - scale * score(row, row);
      }
    }
    return total / (2 * ROWS);
  };

  it("is the mean of both directions' softmax over the batch", async () => {
    expect(await contrastive(distinct, 20)).toBeCloseTo(byLoops(distinct, 20), 4);
  });

  it("takes all rows of a class as positives where it is told to", async () => {
    const scale = 8;
    const loss = await valueOf(
      (graph, x) => {
        const share = (name: string) => graph.input(name, [ROWS, ROWS]);
        const shares = [share("toText"), share("toImage")] as const;
        return contrastiveLoss({ ...x, shares, rows: graph.input("rows", [ROWS], "i32") }, scale);
      },
      {
        toText: positiveShares(repeated, distinct),
        toImage: positiveShares(distinct, repeated),
        rows: distinct,
      },
    );
    let expected = 0;
    const add = (score: typeof cosine, rowLabel: Int32Array, columnLabel: Int32Array) => {
      for (let row = 0; row < ROWS; row++) {
        const columns = [...columnLabel.keys()];
        const sum = columns.reduce((partial, column) => partial + Math.exp(scale * score(row, column)), 0);
        const positives = columns.filter((column) => columnLabel[column] === rowLabel[row]);
        const mean =
          positives.reduce((partial, column) => partial + scale * score(row, column), 0) / positives.length;
        expected += (Math.log(sum) - (positives.length > 0 ? mean : 0)) / (2 * ROWS);
      }
    };
    add(cosine, repeated, distinct);
    add((row, column) => cosine(column, row), distinct, repeated);
    expect(loss).toBeCloseTo(expected, 4);
  });

  it("does not push rows of one class apart", async () => {
    expect(await contrastive(repeated, 20)).toBeCloseTo(byLoops(repeated, 20), 4);
  });
});

describe("sigmoid loss", () => {
  const sigmoid = (labels: Int32Array, scale: number, bias: number) =>
    valueOf((graph, x) => sigmoidLoss({ ...x, signs: graph.input("signs", [ROWS, ROWS]) }, scale, bias), {
      signs: pairSigns(labels, labels),
    });

  it.each([
    ["distinct", distinct],
    ["repeated", repeated],
  ])("decides every pair by itself, with %s classes", async (_, labels) => {
    let expected = 0;
    for (let row = 0; row < ROWS; row++)
      for (let column = 0; column < ROWS; column++) {
        const sign = labels[row] === labels[column] ? 1 : -1;
        expected += Math.log1p(Math.exp(-sign * (6 * cosine(row, column) - 2))) / ROWS;
      }
    expect(await sigmoid(labels, 6, -2)).toBeCloseTo(expected, 4);
  });
});

describe("instance loss", () => {
  it("is the mean of -log softmax over all rows, rows without label adding nothing", async () => {
    const labels = Int32Array.of(0, 4, -1, 2, 1, -1, 3, 0);
    const loss = await valueOf(
      (graph, x) => instanceLoss(x.image, graph.input("labels", [ROWS], "i32"), 0, "loss"),
      {
        labels,
      },
    );
    let expected = 0;
    labels.forEach((label, row) => {
      const logits = image.subarray(row * DIMENSION, (row + 1) * DIMENSION);
      const sum = logits.reduce((partial, logit) => partial + Math.exp(logit), 0);
      if (label >= 0) expected += Math.log(sum) - logits[label]!;
    });
    expect(loss).toBeCloseTo(expected / ROWS, FLOAT32_DIGITS);
  });
});

describe("loss configuration", () => {
  it("needs one loss with a positive weight", () => {
    expect(lossesSchema.safeParse({}).success).toBe(false);
    expect(lossesSchema.safeParse({ instance: { weight: 0 } }).success).toBe(false);
    expect(lossesSchema.safeParse({ instance: { weight: 0, text: 0.1 } }).success).toBe(true);
    expect(lossesSchema.safeParse({ ranking: { weight: 0 }, contrastive: {} }).success).toBe(true);
  });
});
