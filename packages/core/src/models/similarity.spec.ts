import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { uniform01 } from "../graph/philox.js";
import { createBuildContext } from "../layers/context.js";
import { logisticLoss, pairWeights } from "../losses/logistic.js";
import { pairSigns } from "../losses/sigmoid.js";
import { retrieval } from "../metrics/retrieval.js";
import type { EvaluationEvent } from "../train/events.js";
import { syntheticData } from "../train/testing/synthetic.js";
import { Trainer } from "../train/trainer.js";
import { dualPath } from "./dual-path.js";
import type { SimilarityConfig } from "./schema.js";
import { pairScores } from "./similarity.js";

const DIMENSION = 4;
const HIDDEN = 3;
const config: SimilarityConfig = { hidden: [HIDDEN], initializer: "xavier" };
const numbers = (count: number, stream: number): Float32Array =>
  uniform01(3, stream, 0, count).map((value) => 2 * value - 1);

const weights = {
  "similarity.fc1.weight": { shape: [HIDDEN, DIMENSION], data: numbers(HIDDEN * DIMENSION, 1) },
  "similarity.fc1.bias": { shape: [HIDDEN], data: numbers(HIDDEN, 2) },
  "similarity.fc2.weight": { shape: [1, HIDDEN], data: numbers(HIDDEN, 3) },
  "similarity.fc2.bias": { shape: [1], data: numbers(1, 4) },
};

async function storeWithWeights(): Promise<Store> {
  const store = Store.open({ device: "cpu", threads: 1 });
  for (const [name, { shape, data }] of Object.entries(weights)) await store.write(name, shape, "f32", data);
  return store;
}

/** The network by plain loops. */
function scoreByLoops(a: Float32Array, b: Float32Array): number {
  const { data: w1 } = weights["similarity.fc1.weight"];
  let score = weights["similarity.fc2.bias"].data[0]!;
  for (let unit = 0; unit < HIDDEN; unit++) {
    let sum = weights["similarity.fc1.bias"].data[unit]!;
    for (let k = 0; k < DIMENSION; k++) sum += w1[unit * DIMENSION + k]! * DIMENSION * a[k]! * b[k]!;
    score += weights["similarity.fc2.weight"].data[unit]! * Math.max(0, sum);
  }
  return score;
}

const rowOf = (rows: Float32Array, row: number): Float32Array =>
  rows.subarray(row * DIMENSION, (row + 1) * DIMENSION);

const [images, texts] = [numbers(5 * DIMENSION, 5), numbers(7 * DIMENSION, 6)];
const imageLabels = Int32Array.of(0, 1, 2, 3, 4);
const textLabels = Int32Array.of(0, 0, 1, 2, 3, 4, 4);

describe("the similarity network", () => {
  it("scores every image against every text, and learns by the logistic loss of all pairs", async () => {
    const graph = new Graph("scores");
    const [a, b] = [graph.input("a", [5, DIMENSION]), graph.input("b", [7, DIMENSION])];
    const scores = pairScores(createBuildContext(graph, { mode: "train" }), a, b, "similarity", config);
    const [signs, weight] = [graph.input("signs", [5, 7]), graph.input("weights", [5, 7])];
    const loss = logisticLoss({ scores, signs, weights: weight });
    await using store = await storeWithWeights();
    const program = await store.compile(graph, { taps: { scores, loss } });
    const sign = pairSigns(imageLabels, textLabels);
    const share = pairWeights(imageLabels, textLabels, 2);
    const taps = await program.step({ a: images, b: texts, signs: sign, weights: share });
    let expected = 0;
    for (let row = 0; row < 5; row++)
      for (let column = 0; column < 7; column++) {
        const score = scoreByLoops(rowOf(images, row), rowOf(texts, column));
        expect(taps["scores"]![row * 7 + column]).toBeCloseTo(score, 5);
        const positive = imageLabels[row] === textLabels[column];
        const positives = textLabels.filter((label) => label === imageLabels[row]).length;
        const pair = Math.log1p(Math.exp(positive ? -score : score));
        expected += (positive ? pair / positives : (2 * pair) / (7 - positives)) / 5;
      }
    expect(taps["loss"]![0]).toBeCloseTo(expected, 5);
  });

  it("ranks by its scores in both directions, padded blocks included", async () => {
    await using store = await storeWithWeights();
    const input = {
      images: { embedding: images, labels: imageLabels },
      texts: { embedding: texts, labels: textLabels },
      dimension: DIMENSION,
    };
    const score: Parameters<typeof retrieval>[2] = {
      score: (a, b) => {
        return pairScores(createBuildContext(a.graph, { mode: "evaluate" }), a, b, "similarity", config);
      },
    };
    const { imageToText, textToImage } = await retrieval(store, input, score);
    const rank = (own: number, scores: readonly number[], labels: Int32Array): number => {
      const best = Math.max(...scores.filter((_, index) => labels[index] === own));
      return 1 + scores.filter((value, index) => labels[index] !== own && value >= best).length;
    };
    const byImage = [...imageLabels].map((label, row) => {
      const scores = [...textLabels.keys()].map((column) =>
        scoreByLoops(rowOf(images, row), rowOf(texts, column)),
      );
      return rank(label, scores, textLabels);
    });
    const byText = [...textLabels].map((label, column) => {
      const scores = [...imageLabels.keys()].map((row) =>
        scoreByLoops(rowOf(images, row), rowOf(texts, column)),
      );
      return rank(label, scores, imageLabels);
    });
    const share = (ranks: readonly number[], most: number): number =>
      (100 * ranks.filter((value) => value <= most).length) / ranks.length;
    expect(imageToText.r1).toBeCloseTo(share(byImage, 1), 5);
    expect(imageToText.r5).toBeCloseTo(share(byImage, 5), 5);
    expect(textToImage.r1).toBeCloseTo(share(byText, 1), 5);
  });

  const model = {
    image: { kind: "features", dimension: 10 },
    text: { kind: "vector", dimension: 8 },
    embedding: 12,
    head: { imageHidden: 24, textHidden: 24, hidden: "relu", output: "linear", dropout: 0 },
    classifier: "none",
    similarity: { hidden: [16] },
  } as const;
  const data = syntheticData({ classes: 6, imageDimension: 10, textDimension: 8, rows: 48 });
  const stage = {
    name: "similarity",
    epochs: 40,
    batchSize: 16,
    losses: { logistic: { negatives: 2 } },
    optimizer: { kind: "adam" },
    learningRate: 0.01,
    evaluateEvery: 0,
  } as const;

  it("learns a small set from the first bit to the last recall", async () => {
    const options = { model, curriculum: [stage], data, evaluation: { batchSize: 20 }, seed: 3 };
    await using trainer = new Trainer({ ...options, device: "cpu", threads: 1 });
    const losses: number[] = [];
    let last: EvaluationEvent | undefined;
    for await (const event of trainer.run()) {
      if (event.type === "step") losses.push(event.losses["logistic"]!);
      if (event.type === "evaluation") last = event;
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 4);
    // One of six classes matches by chance.
    expect(last!.result.main.imageToText.r1).toBeGreaterThan(90);
    expect(last!.result.main.textToImage.r1).toBeGreaterThan(90);
  });

  it("is needed by the logistic loss", () => {
    const { similarity: _, ...without } = model;
    const { buildImage, buildText, buildScores } = dualPath(without, { classes: 6, vocabulary: 0 });
    const graph = new Graph("without");
    const context = createBuildContext(graph, { mode: "train" });
    const image = buildImage(context, { image: graph.input("image", [2, 10]) });
    const text = buildText(context, graph.input("text", [2, 8]));
    expect(() => buildScores(context, image.embedding, text.embedding)).toThrow(/declare model.similarity/);
  });
});
