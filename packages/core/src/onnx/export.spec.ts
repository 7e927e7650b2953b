import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it, onTestFinished } from "vitest";
import { Store } from "../engine/store.js";
import { uniform01 } from "../graph/philox.js";
import { dualPath } from "../models/dual-path.js";
import { Embedder } from "../train/embedder.js";
import { trunkFeatures } from "../train/features.js";
import { exportOnnx, quantizeRows, roundWeights } from "./export.js";

/** Agreed for exports: sums of a few thousand float32 products in another order stay far below it. */
const TOLERANCE = 1e-4;
/** How far apart rows of different inputs stand at least: an export that overlooks its input is found out. */
const APART = 10 * TOLERANCE;
const ROWS = 3;
const WIDTH = 12;
const VIEWS = { flip: false, positions: 1, unitViews: false };
const SIZES = { classes: 4, vocabulary: 9 };
const SOURCE = [40, 36] as const;

const words = { wordDimension: 8, length: 6 };
const small = { width: 0.125, inputSize: 32 };
const cnn = { kind: "text-cnn", width: 0.0625, stages: [1, 1], ...words };
const MODELS = {
  "a ResNet with bottlenecks, and the text CNN": {
    image: { kind: "resnet", depth: 50, stages: [1, 1], ...small },
    text: { ...cnn, shortcut: true },
  },
  "MobileNetV2, and mean words": {
    image: { kind: "mobilenet-v2", ...small, pixelMean: [127.5, 127.5, 127.5] },
    text: { kind: "mean-words", ...words },
  },
  "a VGG, and the text CNN with its mean concatenated": {
    image: { kind: "vgg", depth: 16, width: 0.0625, inputSize: 32 },
    text: { ...cnn, shortcut: "concatenate" },
    head: { output: "linear" },
  },
  "features, and text vectors": {
    image: { kind: "features", dimension: 10 },
    text: { kind: "vector", dimension: 7 },
    evaluationFeature: "post-relu",
  },
};

/** Numbers that no layer swallows: weights after He et al. 2015, factors near 1, and what is added or taken away near 0. */
function lively(name: string, shape: readonly number[], seed: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from(uniform01(6, seed, 0, count));
  const around = (spread: number) => values.map((value) => spread * (2 * value - 1));
  if (shape.length > 1) return around(Math.sqrt((6 * shape[0]!) / count));
  return /\.(weight|running_var)$/.test(name) ? values.map((value) => 0.5 + value) : around(0.2);
}

async function openModel(config: object) {
  const store = Store.open({ device: "cpu", threads: 1 });
  onTestFinished(() => store.dispose());
  const model = dualPath({ embedding: WIDTH, ...config }, SIZES);
  for (const [seed, { name, shape }] of model.parameters.entries())
    await store.write(name, shape, "f32", lively(name, shape, seed));
  return { store, model };
}

/** Rows of a feed, and the tensor that ONNX gets of them. */
function rowsOf(type: "bytes" | "ids" | "vector", shape: readonly number[]) {
  const count = ROWS * shape.reduce((product, size) => product * size, 1);
  const values = uniform01(8, count, 0, count);
  const dims = [ROWS, ...shape];
  if (type === "bytes") {
    const data = Uint8Array.from(values, (value) => 255 * value);
    return { data, tensor: new Tensor("uint8", data, dims) };
  }
  if (type === "ids") {
    const data = Int32Array.from(values, (value) => Math.floor(10 * value));
    return { data, tensor: new Tensor("int32", data, dims) };
  }
  const data = Float32Array.from(values);
  return { data, tensor: new Tensor("float32", data, dims) };
}

async function run(
  bytes: Uint8Array,
  name: string,
  tensor: Tensor,
  output = "embedding",
): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  return (await session.run({ [name]: tensor }))[output]!.data as Float32Array;
}

/** What the model gives here, its weights rounded where `int8` says so, and what its export gives in onnxruntime. */
async function bothWays(config: object, { int8 = false } = {}) {
  const { store, model } = await openModel(config);
  const { image, text } = model.config;
  const images =
    image.kind === "features" ? rowsOf("vector", [image.dimension]) : rowsOf("bytes", [...SOURCE, 3]);
  const texts = text.kind === "vector" ? rowsOf("vector", [text.dimension]) : rowsOf("ids", [text.length]);
  const settings = { source: SOURCE, area: 0.64, int8 };
  const theirs = {
    image: await run(await exportOnnx(store, model, "image", settings), "image", images.tensor),
    text: await run(await exportOnnx(store, model, "text", settings), "text", texts.tensor),
  };
  if (int8) await roundWeights(store, model);
  const embedder = await Embedder.open(store, model, { batchSize: ROWS, source: SOURCE });
  const centre = [0.1 * SOURCE[0], 0.1 * SOURCE[1], 0.8 * SOURCE[0], 0.8 * SOURCE[1], 0];
  const boxes = Float32Array.from({ length: ROWS * 5 }, (_, at) => centre[at % 5]!);
  const own = {
    image: await embedder.embedImages(
      {
        count: ROWS,
        async *batches() {
          yield image.kind === "features"
            ? { image: images.data as Float32Array }
            : { image: images.data as Uint8Array, box: boxes };
        },
      },
      VIEWS,
    ),
    text: await embedder.embedTexts(
      {
        count: ROWS,
        async *batches() {
          yield { text: texts.data as Int32Array };
        },
      },
      VIEWS,
    ),
  };
  return { own, theirs };
}

const rowAt = (rows: Float32Array, row: number): Float32Array =>
  rows.subarray(row * WIDTH, (row + 1) * WIDTH);

const largestGap = (one: Float32Array, other: Float32Array): number =>
  one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at]!)), 0);

describe.each(Object.entries(MODELS))("%s", (_, config) => {
  it("gives in onnxruntime what it gives here, both paths, for a batch of any size", async () => {
    const { own, theirs } = await bothWays(config);
    for (const path of ["image", "text"] as const) {
      expect(theirs[path]).toHaveLength(ROWS * WIDTH);
      theirs[path].forEach((value, at) => expect(Math.abs(value - own[path][at]!)).toBeLessThan(TOLERANCE));
      for (let row = 0; row < ROWS; row++)
        expect(largestGap(rowAt(own[path], row), rowAt(own[path], (row + 1) % ROWS))).toBeGreaterThan(APART);
    }
  });
});

/** Rows with their negative numbers put to 0, of length 1 again. */
function rectified(rows: Float32Array): Float32Array {
  const result = rows.map((value) => Math.max(value, 0));
  for (let row = 0; row < ROWS; row++) {
    const part = rowAt(result, row);
    const length = Math.hypot(...part);
    part.forEach((value, at) => (part[at] = value / length));
  }
  return result;
}

describe("the side of the last ReLU that is compared", () => {
  it("is the one that the configuration names: behind it stands what is in front, rectified", async () => {
    const config = MODELS["features, and text vectors"];
    const behind = await bothWays({ ...config, evaluationFeature: "post-relu" });
    const before = await bothWays({ ...config, evaluationFeature: "pre-relu" });
    for (const path of ["image", "text"] as const) {
      const [rows, all] = [behind.theirs[path], before.theirs[path]];
      expect(all.filter((value) => value < -APART).length).toBeGreaterThan(ROWS);
      expect(rows.filter((value) => value > APART).length).toBeGreaterThan(ROWS);
      expect(largestGap(rows, rectified(all))).toBeLessThan(TOLERANCE);
    }
  });
});

describe("a trunk alone", () => {
  it("gives the features in onnxruntime that are kept of it here", async () => {
    const { store, model } = await openModel(MODELS["MobileNetV2, and mean words"]);
    const { data, tensor } = rowsOf("bytes", [...SOURCE, 3]);
    const images = {
      async *batches() {
        yield { image: data as Uint8Array };
      },
    };
    const features = trunkFeatures(store, model, images, { batchSize: ROWS, source: SOURCE });
    const { value: own } = await features.next();
    await features.return();
    const theirs = await run(
      await exportOnnx(store, model, "trunk", { source: SOURCE }),
      "image",
      tensor,
      "feature",
    );
    expect(theirs).toHaveLength(own!.length);
    expect(largestGap(theirs, own!)).toBeLessThan(TOLERANCE * Math.max(...own!));
    expect(Math.max(...own!)).toBeGreaterThan(APART);
  });
});

it("an export ends when its signal is aborted", async () => {
  const { store, model } = await openModel(MODELS["features, and text vectors"]);
  const signal = AbortSignal.abort();
  await expect(exportOnnx(store, model, "text", { signal })).rejects.toBe(signal.reason);
});

describe("int8 weights", () => {
  it("take less than half the room", async () => {
    const config = MODELS["a VGG, and the text CNN with its mean concatenated"];
    const { store, model } = await openModel(config);
    const whole = await exportOnnx(store, model, "image");
    const rounded = await exportOnnx(store, model, "image", { int8: true });
    expect(rounded.length).toBeLessThan(0.5 * whole.length);
  });

  it.each(["a ResNet with bottlenecks, and the text CNN", "MobileNetV2, and mean words"] as const)(
    "compute in onnxruntime what the model with its weights rounded computes here: %s",
    async (name) => {
      const whole = await bothWays(MODELS[name]);
      const rounded = await bothWays(MODELS[name], { int8: true });
      for (const path of ["image", "text"] as const) {
        expect(rounded.theirs[path]).toHaveLength(ROWS * WIDTH);
        expect(largestGap(rounded.theirs[path], rounded.own[path])).toBeLessThan(TOLERANCE);
        expect(largestGap(rounded.own[path], whole.own[path])).toBeGreaterThan(APART);
      }
    },
  );

  it("round each row on its own scale, half a step off at most", () => {
    const weights = Float32Array.of(1, -0.3, 0, 100, 50, 7, 0, 0, 0);
    const { values, scales } = quantizeRows(weights, 3);
    weights.forEach((weight, at) => {
      const scale = scales[Math.floor(at / 3)]!;
      expect(Math.abs(values[at]! * scale - weight)).toBeLessThanOrEqual(0.50001 * scale);
    });
    expect([...values.subarray(6)]).toEqual([0, 0, 0]);
  });
});
