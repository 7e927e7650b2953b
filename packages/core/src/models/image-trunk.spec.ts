import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { hashName, uniform01 } from "../graph/philox.js";
import { elementCount } from "../graph/types.js";
import { createBuildContext, type ParameterDeclaration } from "../layers/context.js";
import { imageTrunk, imageTrunkFeatures } from "./image-trunk.js";
import { imageTrunkSchema } from "./schema.js";

/** Features of float32 against the golden's float64, relative to the feature's length. */
const TOLERANCE = 1e-4;
const SEED = 23;

const golden = JSON.parse(
  readFileSync(new URL("../../fixtures/trunks.json", import.meta.url), "utf8"),
) as Readonly<Record<string, readonly number[][]>>;

function build(config: object, images: number, size: number, mode: "train" | "evaluate" = "evaluate") {
  const trunk = imageTrunkSchema.parse(config);
  const graph = new Graph("trunk");
  const context = createBuildContext(graph, { mode });
  const feature = imageTrunk(context, graph.input("pixels", [images, size, size, 3]), "image.trunk", trunk);
  return { graph, context, feature, features: imageTrunkFeatures(trunk) };
}

/** Weights in millions and in number of tensors, moving averages left out. */
function size(config: object): { millions: number; tensors: number; features: number } {
  const { context, features } = build(config, 1, 224);
  const weights = [...context.declarations.values()].filter(({ kind }) => kind === "weight");
  const total = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { millions: total / 1e6, tensors: weights.length, features };
}

function shapesOf(config: object, names: readonly string[]): (readonly number[] | undefined)[] {
  const { context } = build(config, 1, 224);
  return names.map((name) => context.declarations.get(`image.trunk.${name}`)?.shape);
}

describe("sizes of the trunks at width 1", () => {
  it("are torchvision's without the classifying layer", () => {
    const resnet = { kind: "resnet" };
    expect(size({ ...resnet, depth: 101 })).toEqual({ millions: 42.50016, tensors: 312, features: 2048 });
    expect(size({ ...resnet, depth: 152 })).toEqual({ millions: 58.143808, tensors: 465, features: 2048 });
    const vgg = { kind: "vgg" };
    expect(size({ ...vgg, depth: 16 })).toEqual({ millions: 134.260544, tensors: 30, features: 4096 });
    expect(size({ ...vgg, depth: 19 })).toEqual({ millions: 139.57024, tensors: 36, features: 4096 });
    expect(size({ kind: "mobilenet-v2" })).toEqual({ millions: 2.223872, tensors: 156, features: 1280 });
  });

  it("of VGG and MobileNetV2 lie under torchvision's names", () => {
    const names = ["features.0.weight", "features.28.bias", "classifier.0.weight", "classifier.3.weight"];
    expect(shapesOf({ kind: "vgg", depth: 16 }, names)).toEqual([
      [64, 3, 3, 3],
      [512],
      [4096, 25088],
      [4096, 4096],
    ]);
    const blocks = [
      "0.0.weight",
      "1.conv.1.weight",
      "17.conv.1.0.weight",
      "17.conv.3.running_var",
      "18.0.weight",
    ];
    const mobilenet = blocks.map((name) => `features.${name}`);
    expect(shapesOf({ kind: "mobilenet-v2" }, mobilenet)).toEqual([
      [32, 3, 3, 3],
      [16, 32, 1, 1],
      [960, 1, 3, 3],
      [320],
      [1280, 320, 1, 1],
    ]);
  });

  it("of VGG-19 go on to features.34", () => {
    const names = ["features.34.weight", "features.36.weight"];
    expect(shapesOf({ kind: "vgg", depth: 19 }, names)).toEqual([[512, 512, 3, 3], undefined]);
  });

  it("of MobileNetV2 are multiples of 8 at other widths, and its last layer never narrows", () => {
    const names = ["features.0.0.weight", "features.2.conv.2.weight", "features.18.0.weight"];
    const at = (width: number) => shapesOf({ kind: "mobilenet-v2", width }, names).map((shape) => shape?.[0]);
    expect(at(0.35)).toEqual([16, 8, 1280]);
    expect(at(1.4)).toEqual([48, 32, 1792]);
  });
});

/** The golden's value of a parameter; trunks.py says how. */
function goldenValue({ name, shape }: ParameterDeclaration): Float32Array {
  const key = name.replace("image.trunk.", "");
  const uniforms = uniform01(SEED, hashName(key), 0, elementCount(shape));
  const gain = shape.length > 1 ? 2 * Math.sqrt(3 / elementCount(shape.slice(1))) : 1;
  const offset = shape.length === 1 && /\.(weight|running_var)$/.test(key) ? 0.5 : -0.5;
  return uniforms.map((value) => (value + offset) * gain);
}

async function featuresOf(config: object, images: number, side: number): Promise<Float32Array> {
  const { graph, context, feature } = build(config, images, side);
  const store = Store.open({ device: "cpu", threads: 1 });
  for (const declaration of context.declarations.values()) {
    await store.write(declaration.name, declaration.shape, "f32", goldenValue(declaration));
  }
  const program = await store.compile(graph, { taps: { feature } });
  const pixels = uniform01(SEED, hashName("pixels"), 0, images * side * side * 3).map((u) => 2 * u - 1);
  const taps = await program.step({ pixels });
  await program.dispose();
  store.dispose();
  return taps["feature"] as Float32Array;
}

describe("features against PyTorch", () => {
  const cases: readonly [string, object][] = [
    ["mobilenet-v2", { kind: "mobilenet-v2", width: 0.25 }],
    ["vgg", { kind: "vgg", depth: 16, width: 1 / 16, inputSize: 64 }],
    ["resnet", { kind: "resnet", depth: 101, width: 1 / 8, stages: [2, 2] }],
  ];

  it.each(cases)("of %s at a small width agree", async (name, config) => {
    const expected = golden[name]!.flat();
    const got = await featuresOf(config, golden[name]!.length, 64);
    const length = Math.hypot(...expected);
    const distance = Math.hypot(...expected.map((value, index) => value - got[index]!));
    expect(got).toHaveLength(expected.length);
    expect(distance / length).toBeLessThan(TOLERANCE);
  });
});

describe("trunks in training", () => {
  it("a learning MobileNetV2 moves its statistics; VGG drops behind fc6 only where it is told to", () => {
    const opsOf = (config: object) => build(config, 2, 32, "train").graph.nodes.map(({ op }) => op.name);
    expect(build({ kind: "mobilenet-v2", width: 0.25 }, 2, 32, "train").context.updates).toHaveLength(2 * 52);
    const vgg = { kind: "vgg", depth: 16, width: 1 / 16, inputSize: 32 };
    expect(opsOf(vgg)).not.toContain("dropout");
    expect(opsOf({ ...vgg, dropout: 0.5 }).filter((op) => op === "dropout")).toHaveLength(1);
  });

  it("VGG refuses an input size that its five pools do not divide", () => {
    const result = imageTrunkSchema.safeParse({ kind: "vgg", depth: 16, inputSize: 200 });
    expect(result.error?.issues.map(({ path }) => path.join("."))).toEqual(["inputSize"]);
  });
});
