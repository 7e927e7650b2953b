import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { Graph, type Value } from "../graph/graph.js";
import { uniform01 } from "../graph/philox.js";
import { createBuildContext } from "../layers/context.js";
import { Embedder } from "../train/embedder.js";
import { dualPath } from "./dual-path.js";
import { imageTrunk, imageTrunkPlaces } from "./image-trunk.js";
import { initialize } from "./initialize.js";
import { mobileNetV2Plane } from "./mobilenet-v2.js";
import { resnetPlane } from "./resnet.js";
import { imageTrunkSchema, type ImageTrunkConfig } from "./schema.js";
import { vggPlane } from "./vgg.js";

const modelOf = (image: object, output = "linear") =>
  dualPath(
    {
      image,
      text: { kind: "vector", dimension: 3 },
      embedding: 5,
      head: { output, imageHidden: 7 },
      classifier: "none",
    },
    { classes: 4, vocabulary: 0 },
  );

const resnet = { kind: "resnet", depth: 18, width: 0.0625, stages: [1, 1], stem: "small", inputSize: 8 };
const vgg = { kind: "vgg", depth: 16, width: 0.004, inputSize: 64 };
const mobile = { kind: "mobilenet-v2", width: 0.05, inputSize: 64 };

let store: Store;
beforeEach(() => void (store = Store.open({ device: "cpu", threads: 1 })));
afterEach(() => store.dispose());

const planeOf = (
  config: ImageTrunkConfig,
  context: ReturnType<typeof createBuildContext>,
  x: Value,
): Value => {
  if (config.kind === "vgg") return vggPlane(context, x, "image.trunk.features", config);
  if (config.kind === "mobilenet-v2") return mobileNetV2Plane(context, x, "image.trunk", config);
  return resnetPlane(context, x, "image.trunk", config);
};

/** The last plane of one picture, and the trunk's feature at every place of it. */
async function looked(image: object, side: number) {
  await initialize(store, modelOf(image), 4);
  const config = imageTrunkSchema.parse(image);
  const graph = new Graph("places");
  const context = createBuildContext(graph, { mode: "evaluate" });
  const x = graph.input("pixels", [1, side, side, 3]);
  const plane = planeOf(config, context, x);
  const places = imageTrunkPlaces(context, x, "image.trunk", config);
  const taps = Object.fromEntries(places.map((place, index) => [`place${index}`, place]));
  const program = await store.compile(graph, { taps: { plane, ...taps } });
  const pixels = uniform01(1, 2, 3, side * side * 3).map((value) => 2 * value - 1);
  const values = await program.step({ pixels: Float32Array.from(pixels) });
  await program.dispose();
  const features = places.map((_, index) => Array.from(values[`place${index}`]!));
  return { shape: plane.shape, plane: Array.from(values["plane"]!), features };
}

type Looked = Awaited<ReturnType<typeof looked>>;

/** A window of the plane, [place][channel] in reading order. */
function windowOf({ shape, plane }: Looked, top: number, left: number, side: number): number[][] {
  const [, , width = 0, channels = 0] = shape;
  return Array.from({ length: side * side }, (_, index) => {
    const at = (top + Math.floor(index / side)) * width + left + (index % side);
    return plane.slice(at * channels, (at + 1) * channels);
  });
}

const places = (count: number): number[][] =>
  Array.from({ length: count * count }, (_, index) => [Math.floor(index / count), index % count]);

const close = (got: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(got).toHaveLength(expected.length);
  Array.from(expected).forEach((value, at) => expect(got[at]).toBeCloseTo(value, 4));
};

describe("a trunk at every place of a larger picture", () => {
  it.each([
    ["ResNet", resnet, 12, 4],
    ["MobileNetV2", mobile, 96, 2],
  ])("averages windows of the last plane: %s", async (_, image, side, window) => {
    const result = await looked(image, side);
    const offsets = places(result.shape[1]! - window + 1);
    expect(result.features).toHaveLength(offsets.length);
    expect(offsets.length).toBeGreaterThan(1);
    offsets.forEach(([top, left], index) => {
      const cells = windowOf(result, top!, left!, window);
      const mean = cells[0]!.map(
        (__, channel) => cells.reduce((sum, cell) => sum + cell[channel]!, 0) / cells.length,
      );
      close(result.features[index]!, mean);
    });
  });

  it("runs VGG's fully connected layers over windows, channel by channel", async () => {
    const result = await looked(vgg, 96);
    const linear = async (x: readonly number[], name: string): Promise<number[]> => {
      const weight = (await store.read(`image.trunk.classifier.${name}.weight`)).data;
      const bias = (await store.read(`image.trunk.classifier.${name}.bias`)).data;
      return Array.from(bias, (b, row) =>
        x.reduce((sum, v, at) => sum + v * weight[row * x.length + at]!, b),
      );
    };
    expect(result.features).toHaveLength(4);
    for (const [index, [top, left]] of places(2).entries()) {
      const cells = windowOf(result, top!, left!, 2);
      const flat = cells[0]!.flatMap((_, channel) => cells.map((cell) => cell[channel]!));
      const fc6 = (await linear(flat, "0")).map((value) => Math.max(0, value));
      close(result.features[index]!, await linear(fc6, "3"));
    }
  });

  it("looks at one place of a picture of the input size, which is the trunk's feature", async () => {
    const { features } = await looked(resnet, 8);
    const graph = new Graph("plain");
    const x = graph.input("pixels", [1, 8, 8, 3]);
    const config = imageTrunkSchema.parse(resnet);
    const feature = imageTrunk(createBuildContext(graph, { mode: "evaluate" }), x, "image.trunk", config);
    const program = await store.compile(graph, { taps: { feature } });
    const pixels = Float32Array.from(uniform01(1, 2, 3, 8 * 8 * 3), (value) => 2 * value - 1);
    const plain = await program.step({ pixels });
    await program.dispose();
    expect(features).toHaveLength(1);
    close(features[0]!, Array.from(plain["feature"]!));
  });
});

describe("convolutional evaluation", () => {
  const picturesOf = (side: number, box?: readonly number[]) => ({
    count: 1,
    async *batches() {
      const image = Uint8Array.from({ length: side * side * 3 }, (_, index) => (index * index) % 251);
      yield { image, ...(box && { box: Float32Array.from(box) }) };
    },
  });
  const views = { flip: false, positions: 1, unitViews: false };

  async function embedded(convolutional: boolean, side: number, box?: readonly number[]): Promise<number[]> {
    const model = modelOf(resnet, "batch-norm-relu");
    await initialize(store, model, 4);
    const options = { batchSize: 1, source: [side, side] as const, convolutional };
    await using embedder = await Embedder.open(store, model, options);
    return [...(await embedder.embedImages(picturesOf(side, box), views))];
  }

  it("of pictures of the input size is the usual one", async () => {
    close(await embedded(true, 8), await embedded(false, 8));
  });

  it("looks at the whole picture whatever part the data choose, mirrored where they are", async () => {
    const whole = await embedded(true, 12);
    expect(await embedded(true, 12, [2, 2, 8, 8, 0])).toEqual(whole);
    expect(await embedded(true, 12, [2, 2, 8, 8, 1])).not.toEqual(whole);
    expect(await embedded(false, 12)).not.toEqual(whole);
  });

  it("needs a trunk, and pictures of its input size or more", async () => {
    await expect(embedded(true, 6)).rejects.toThrow(
      /evaluation\.convolutional: expected pictures of 8 pixels/,
    );
    const features = modelOf({ kind: "features", dimension: 4 });
    await initialize(store, features, 1);
    const opened = Embedder.open(store, features, { batchSize: 1, convolutional: true });
    await expect(opened).rejects.toMatchObject({ code: "CONFIG" });
  });
});
