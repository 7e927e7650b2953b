import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { dualPath } from "../models/dual-path.js";
import { initialize } from "../models/initialize.js";
import type { EvaluationData } from "./data.js";
import { Embedder, normalizeRows } from "./embedder.js";
import { evaluateModel, evaluationSchema, metricOf } from "./evaluate.js";
import { trunkFeatures, type FeatureViews } from "./features.js";
import { syntheticData } from "./testing/synthetic.js";

const training = syntheticData({ classes: 5, imageDimension: 4, textDimension: 3, rows: 23 });
const data = training.evaluation("validation");
const model = dualPath(
  {
    image: { kind: "features", dimension: 4 },
    text: { kind: "vector", dimension: 3 },
    embedding: 6,
    head: { output: "linear", imageHidden: 0 },
  },
  { classes: 5, vocabulary: 0 },
);
const config = evaluationSchema.parse({ batchSize: 10 });

let store: Store;
beforeEach(async () => {
  store = Store.open({ device: "cpu" });
  await initialize(store, model, 2);
});
afterEach(() => store.dispose());

const embed = async (batchSize: number, source: EvaluationData, extra: object = {}) => {
  const embedder = await Embedder.open(store, model, { batchSize });
  const embeddings = await embedder.embed(source, { ...config, ...extra });
  await embedder.dispose();
  return embeddings;
};

describe("embedding a split", () => {
  it("does not depend on the batch size or the padding of the last batch", async () => {
    const whole = await embed(23, data);
    expect(await embed(10, data)).toEqual(whole);
    expect(await embed(64, data)).toEqual(whole);
    expect(Math.hypot(...whole.images.subarray(0, 6))).toBeCloseTo(1, 6);
  });

  it("takes batches that the data already padded", async () => {
    const padding: EvaluationData = {
      ...data,
      texts: {
        ...data.texts,
        async *batches(batchSize) {
          for await (const { text } of data.texts.batches(batchSize)) {
            const rows = new Float32Array(batchSize * 3).fill(9);
            rows.set(text as Float32Array);
            yield { text: rows, count: text.length / 3 };
          }
        },
      },
    };
    expect(await embed(10, padding)).toEqual(await embed(10, data));
  });

  it("adds the mirrored pictures' features and those of every placement of the words", async () => {
    const asked: unknown[] = [];
    const spying: EvaluationData = {
      ...data,
      images: {
        ...data.images,
        batches: (size, options) => (asked.push(options), data.images.batches(size)),
      },
      texts: { ...data.texts, batches: (size, options) => (asked.push(options), data.texts.batches(size)) },
    };
    await embed(23, spying, { flip: true, positions: 3 });
    expect(asked).toEqual([{}, { flip: true }, { position: 0 }, { position: 0.5 }, { position: 1 }]);
  });

  it("notices data with fewer rows than they say", async () => {
    const short = { ...data, images: { ...data.images, count: 24 } };
    await expect(embed(10, short)).rejects.toThrow("images: expected 24 rows in all batches, got 23");
  });

  it("leaves a row of zeros as it is", () => {
    const rows = Float32Array.of(0, 0, 3, 4);
    normalizeRows(rows, 2);
    expect([...rows]).toEqual([0, 0, Math.fround(0.6), Math.fround(0.8)]);
  });
});

describe("evaluation", () => {
  it("averages named galleries and also searches all images as one", async () => {
    const even = Int32Array.from({ length: 12 }, (_, index) => 2 * index);
    const odd = Int32Array.from({ length: 11 }, (_, index) => 2 * index + 1);
    const galleries = [
      { name: "even", images: even },
      { name: "odd", images: odd },
    ];
    const result = await evaluateModel(store, model, { ...data, galleries }, config);
    expect(Object.keys(result.galleries)).toEqual(["even", "odd"]);
    expect(result.full.imageToText.queries).toBe(23);
    expect(result.galleries["even"]!.imageToText.queries).toBe(12);
    const mean = (result.galleries["even"]!.rsum + result.galleries["odd"]!.rsum) / 2;
    expect(result.main.rsum).toBeCloseTo(mean, 9);
    expect(result.split).toBe("validation");
  });

  it("finds a metric by its path and names an unknown one", async () => {
    const { main } = await evaluateModel(store, model, data, config);
    expect(metricOf(main, "textToImage.medianRank")).toBe(main.textToImage.medianRank);
    expect(metricOf(main, "rsum")).toBe(main.rsum);
    expect(() => metricOf(main, "imageToText")).toThrow("metric 'imageToText'");
    expect(() => metricOf(main, "loss.total")).toThrow("metric 'loss.total'");
  });
});

describe("trunk features", () => {
  const withTrunk = dualPath(
    {
      image: { kind: "resnet", depth: 18, width: 0.0625, stages: [1], stem: "small", inputSize: 6 },
      text: { kind: "vector", dimension: 3 },
      embedding: 2,
    },
    { classes: 5, vocabulary: 0 },
  );
  const pictures = {
    async *batches(batchSize: number) {
      for (const rows of [batchSize, 1]) yield { image: new Uint8Array(rows * 6 * 6 * 3).fill(rows) };
    },
  };

  beforeEach(() => initialize(store, withTrunk, 1));

  it("come batch by batch without the padding", async () => {
    const rows: number[] = [];
    for await (const features of trunkFeatures(store, withTrunk, pictures, { batchSize: 3 }))
      rows.push(features.length);
    expect(rows).toEqual([3 * 4, 1 * 4]);
  });

  const left = Uint8Array.from({ length: 8 * 8 * 3 }, (_, index) =>
    Math.floor(index / 3) % 8 < 3 ? 255 : 9,
  );
  const oneLarger = {
    async *batches() {
      yield { image: left, count: 1 };
    },
  };
  const featureOf = async (views: FeatureViews, from = oneLarger): Promise<Float32Array> => {
    const options = { batchSize: 1, views, source: [8, 8] as const };
    const { value } = await trunkFeatures(store, withTrunk, from, options).next();
    return value as Float32Array;
  };
  const boxed = (box: readonly number[]) => ({
    async *batches() {
      yield { image: left, count: 1, box: Float32Array.from(box) };
    },
  });

  it("of a picture and its mirror image are averaged", async () => {
    const both = await Promise.all([0, 1].map((flip) => featureOf("whole", boxed([0, 0, 8, 8, flip]))));
    const mean = await featureOf("flip");
    mean.forEach((value, at) => expect(value).toBeCloseTo((both[0]![at]! + both[1]![at]!) / 2, 5));
    expect(both[0]).not.toEqual(both[1]);
  });

  it("of ten crops are averaged: corners and centre of the input size, mirrored too", async () => {
    const places = [0, 2].flatMap((top) => [0, 2].map((side) => [top, side])).concat([[1, 1]]);
    const boxes = places.flatMap((place) => [0, 1].map((flip) => [...place, 6, 6, flip]));
    const crops: Float32Array[] = [];
    for (const box of boxes) crops.push(await featureOf("whole", boxed(box)));
    const mean = await featureOf("ten-crop");
    mean.forEach((value, at) => {
      expect(value).toBeCloseTo(
        crops.reduce((sum, crop) => sum + crop[at]! / 10, 0),
        5,
      );
    });
  });

  it("refuse ten crops larger than the picture", async () => {
    const small = trunkFeatures(store, withTrunk, pictures, {
      batchSize: 3,
      views: "ten-crop",
      source: [5, 6],
    });
    await expect(small.next()).rejects.toMatchObject({ code: "CONFIG" });
  });

  it("need a trunk", async () => {
    const reading = trunkFeatures(store, model, data.images, { batchSize: 3 }).next();
    await expect(reading).rejects.toMatchObject({ code: "CONFIG" });
  });
});
