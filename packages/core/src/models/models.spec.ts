import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.js";
import { createBuildContext } from "../layers/context.js";
import { elementCount } from "../graph/types.js";
import { Store } from "../engine/store.js";
import { lookup } from "../layers/lookup.js";
import {
  declareImage,
  declareText,
  dualPath,
  imageFeatures,
  textFeatures,
  type DualPath,
} from "./dual-path.js";
import { meanOfWords } from "./mean-words.js";
import { modelSchema } from "./schema.js";

const paper = (image: object = {}, text: object = {}) =>
  dualPath(
    {
      image: { kind: "resnet", depth: 50, ...image },
      text: { kind: "text-cnn", ...text },
      classifier: { bias: false },
    },
    { classes: 10, vocabulary: 20_074 },
  );

const count = (model: DualPath, belongs: (name: string) => boolean): number =>
  model.parameters
    .filter(({ name, kind }) => kind === "weight" && belongs(name))
    .reduce((total, { shape }) => total + elementCount(shape), 0);

const millions = (model: DualPath, prefix: string): number =>
  count(model, (name) => name.startsWith(prefix)) / 1e6;

describe("parameter counts", () => {
  const model = paper();

  it("the text CNN has the 26.1 million block weights of the paper", () => {
    const blocks = count(model, (name) => /^text\.trunk\.block\d+\.conv/.test(name));
    expect(blocks / 1e6).toBeCloseTo(26.1, 1);
  });

  it("the text CNN has 14 blocks, 48 convolutions with its lookup and head, and 4 of them short cuts", () => {
    const convolutions = model.parameters.filter(({ name }) => /^text\..*(conv|fc)\w+\.weight$/.test(name));
    expect(convolutions).toHaveLength(14 * 3 + 4 + 1);
    expect(convolutions.filter(({ name }) => name.includes("Shortcut"))).toHaveLength(4);
  });

  it("the text head has 4.2 million weights and the lookup 6.0 million", () => {
    expect(count(model, (name) => name === "text.head.fc1.weight") / 1e6).toBeCloseTo(4.2, 1);
    expect(millions(model, "text.lookup.weight")).toBeCloseTo(6.0, 1);
  });

  it("the trunks count as torchvision's do without their last layer", () => {
    expect(millions(model, "image.trunk")).toBeCloseTo(25.557032 - 2.049, 6);
    expect(millions(paper({ depth: 18 }), "image.trunk")).toBeCloseTo(11.689512 - 0.513, 6);
    expect(millions(paper({ depth: 34 }), "image.trunk")).toBeCloseTo(21.797672 - 0.513, 6);
  });

  it("names follow torchvision below image.trunk", () => {
    const names = new Set(model.parameters.map(({ name }) => name));
    for (const name of [
      "conv1.weight",
      "bn1.running_var",
      "layer1.0.downsample.1.weight",
      "layer4.2.conv3.weight",
    ]) {
      expect(names).toContain(`image.trunk.${name}`);
    }
    expect(names).not.toContain("image.trunk.layer1.1.downsample.0.weight");
  });

  it("width and stages shrink a model", () => {
    const small = paper({ depth: 18, width: 0.25, stages: [1, 1] }, { width: 0.25, stages: [1, 1] });
    expect(millions(small, "image.trunk")).toBeLessThan(0.1);
    expect(small.parameters.find(({ name }) => name === "text.trunk.block2.conv3.weight")?.shape).toEqual([
      128, 128, 1, 1,
    ]);
  });
});

const small = {
  image: { kind: "resnet", depth: 18, width: 0.25, stem: "small", inputSize: 32 },
  text: { kind: "text-cnn", width: 0.25, length: 32, wordDimension: 50 },
  embedding: 64,
};

function shapesIn(graph: Graph, names: readonly string[]): unknown[] {
  return names.map((name) => graph.find(name)?.shape);
}

describe("layer shapes", () => {
  it("the text CNN halves its length at blocks 4 and 8 and keeps it elsewhere", () => {
    const model = dualPath(small, { classes: 5, vocabulary: 20 });
    const graph = new Graph("shapes");
    model.buildText(createBuildContext(graph, { mode: "evaluate" }), declareText(graph, model.config, 3));
    const blocks = [1, 3, 4, 7, 8, 13, 14].map((index) => `text.trunk.block${index}.relu`);
    expect(shapesIn(graph, blocks)).toEqual([
      [3, 1, 32, 64],
      [3, 1, 32, 64],
      [3, 1, 16, 128],
      [3, 1, 16, 128],
      [3, 1, 8, 256],
      [3, 1, 8, 256],
      [3, 1, 8, 512],
    ]);
    expect(graph.find("text.trunk.maxpool")?.shape).toEqual([3, 512]);
  });

  it("the small stem keeps the resolution and the imagenet stem quarters it", () => {
    const planeOf = (stem: string, inputSize: number) => {
      const model = dualPath(
        { ...small, image: { ...small.image, stem, inputSize } },
        { classes: 5, vocabulary: 20 },
      );
      const graph = new Graph("stem");
      model.buildImage(
        createBuildContext(graph, { mode: "evaluate" }),
        declareImage(graph, model.config, 2, [40, 48]),
      );
      return graph.find("image.trunk.layer1.1.relu")?.shape;
    };
    expect(planeOf("small", 32)).toEqual([2, 32, 32, 16]);
    expect(planeOf("imagenet", 224)).toEqual([2, 56, 56, 16]);
    expect(planeOf("imagenet", 57)).toEqual([2, 15, 15, 16]);
  });

  it("evaluation compares the side of the last ReLU that the configuration names", () => {
    const activationOf = (evaluationFeature: string) => {
      const model = dualPath({ ...small, evaluationFeature }, { classes: 5, vocabulary: 20 });
      const graph = new Graph("side");
      model.buildText(createBuildContext(graph, { mode: "evaluate" }), declareText(graph, model.config, 2));
      return graph.nodes.find(({ name }) => name === "text.head.bn1")?.attrs["activation"];
    };
    expect([activationOf("pre-relu"), activationOf("post-relu")]).toEqual(["none", "relu"]);
  });

  it("both paths share one classifier and one product with it", () => {
    const model = dualPath(small, { classes: 5, vocabulary: 20 });
    const graph = new Graph("shared");
    const context = createBuildContext(graph, { mode: "train" });
    const image = model.buildImage(context, declareImage(graph, model.config, 2));
    const text = model.buildText(context, declareText(graph, model.config, 2));
    const logits = model.buildClassifier(context, [image.dropped(), text.dropped()]).logits();
    expect(logits.shape).toEqual([4, 5]);
    expect(graph.boundary.filter(({ name }) => name === "classifier.weight")).toHaveLength(1);
  });

  it("every trunk reads bytes and hands its feature to the head", () => {
    const shapesOf = (image: object) => {
      const model = dualPath(
        { image: { inputSize: 32, ...image }, text: { kind: "vector", dimension: 7 }, embedding: 4 },
        { classes: 3, vocabulary: 0 },
      );
      const graph = new Graph("trunk");
      const input = declareImage(graph, model.config, 2, [40, 48]);
      const { feature, projection } = model.buildImage(
        createBuildContext(graph, { mode: "evaluate" }),
        input,
      );
      expect(feature.shape[1]).toBe(imageFeatures(model.config));
      return [input.image.shape, feature.shape, projection.shape];
    };
    const bytes = [2, 40, 48, 3];
    expect(shapesOf({ kind: "mobilenet-v2", width: 0.25 })).toEqual([bytes, [2, 1280], [2, 4]]);
    expect(shapesOf({ kind: "vgg", depth: 16, width: 1 / 16 })).toEqual([bytes, [2, 256], [2, 4]]);
    expect(shapesOf({ kind: "resnet", depth: 101, width: 1 / 8 })).toEqual([bytes, [2, 256], [2, 4]]);
  });

  it("feature paths have no trunk", () => {
    const config = {
      image: { kind: "features", dimension: 12 },
      text: { kind: "vector", dimension: 7 },
      embedding: 4,
    };
    const names = dualPath(config, { classes: 3, vocabulary: 0 }).parameters.map(({ name }) => name);
    expect(names.some((name) => name.includes("trunk"))).toBe(false);
    expect(names).toContain("image.head.fc2.weight");
  });
});

describe("mean word vectors", () => {
  const ids = Int32Array.of(1, 2, 0, 3, 0, 0, 0, 0, 0);
  const table = Float32Array.of(1, 10, 2, 20, 6, 60);

  it("are over the filled positions, without the bias, and zero for an empty caption", async () => {
    const graph = new Graph("mean");
    const context = createBuildContext(graph, { mode: "evaluate" });
    const words = lookup(context, graph.input("ids", [3, 3], "i32"), "text.lookup", {
      vocabulary: 3,
      dimension: 2,
      deviation: 1,
    });
    const mean = meanOfWords(context, graph.find("ids")!, words, "text");
    const store = Store.open({ device: "reference" });
    await store.write("text.lookup.weight", [3, 2], "f32", table);
    await store.write("text.lookup.bias", [2], "f32", Float32Array.of(0.5, -0.5));
    const program = await store.compile(graph, { taps: { mean } });
    const taps = await program.step({ ids });
    expect(Array.from(taps["mean"]!, (value) => Math.round(value * 1e4) / 1e4)).toEqual([
      1.5, 15, 6, 60, 0, 0,
    ]);
  });

  it("widen the text feature where they are concatenated and stand alone as a bag of words", () => {
    const shaped = (text: object) => {
      const model = dualPath({ ...small, text }, { classes: 5, vocabulary: 20 });
      const graph = new Graph("words");
      const context = createBuildContext(graph, { mode: "train" });
      const { feature } = model.buildText(context, declareText(graph, model.config, 3));
      expect(feature.shape[1]).toBe(textFeatures(model.config));
      return feature.shape;
    };
    expect(shaped({ ...small.text, stages: [1, 1] })).toEqual([3, 128]);
    expect(shaped({ ...small.text, stages: [1, 1], shortcut: true })).toEqual([3, 128]);
    expect(shaped({ ...small.text, stages: [1, 1], shortcut: "concatenate" })).toEqual([3, 178]);
    expect(shaped({ kind: "mean-words", wordDimension: 7, length: 9 })).toEqual([3, 7]);
  });
});

describe("statistics of batch norm", () => {
  const model = dualPath(small, { classes: 5, vocabulary: 20 });
  const opsWith = (options: Parameters<typeof createBuildContext>[1]) => {
    const graph = new Graph("statistics");
    const context = createBuildContext(graph, options);
    model.buildText(context, declareText(graph, model.config, 2));
    return { ops: new Set(graph.nodes.map(({ op }) => op.name)), updates: context.updates.length };
  };

  it("a path that learns uses and moves its batch statistics", () => {
    const { ops, updates } = opsWith({ mode: "train" });
    expect(ops).toContain("batchNorm");
    expect(ops).not.toContain("batchNormFrozen");
    expect(updates).toBe(2 * model.parameters.filter(({ name }) => /^text.*running_mean$/.test(name)).length);
  });

  it("a frozen path uses running statistics by default and its batch's in the compatibility mode", () => {
    const frozen = { mode: "train", isTrainable: () => false } as const;
    expect(opsWith(frozen)).toMatchObject({ updates: 0 });
    expect(opsWith(frozen).ops).not.toContain("batchNorm");
    const compatible = opsWith({ ...frozen, frozenStatistics: "batch" });
    expect(compatible.ops).toContain("batchNorm");
    expect(compatible.updates).toBe(0);
  });
});

describe("model configuration", () => {
  it("names the place of an unknown key and of a wrong value", () => {
    const result = modelSchema.safeParse({
      image: { kind: "resnet", depth: 20, colour: 1 },
      text: { kind: "text-cnn" },
    });
    expect(result.error?.issues.map(({ path }) => path.join("."))).toEqual(["image.depth", "image"]);
  });
});

describe("the two-branch network of paper B", () => {
  const twoBranch = (head: object) =>
    dualPath(
      {
        image: { kind: "features", dimension: 4096 },
        text: { kind: "vector", dimension: 6000 },
        embedding: 512,
        head: { imageHidden: 2048, textHidden: 2048, dropout: 0, hiddenDropout: 0.5, ...head },
        classifier: "none",
      },
      { classes: 29_783, vocabulary: 0 },
    );
  const shapes = (model: DualPath, path: string) =>
    model.parameters
      .filter(({ name, kind }) => kind === "weight" && name.startsWith(path))
      .map(({ name, shape }) => `${name} ${shape.join("x")}`);

  it("is linear, ReLU, linear and batch norm in the paper, without a classifier", () => {
    const model = twoBranch({ hidden: "relu", output: "batch-norm" });
    expect(shapes(model, "text")).toEqual([
      "text.head.fc1.weight 2048x6000",
      "text.head.fc1.bias 2048",
      "text.head.fc2.weight 512x2048",
      "text.head.bn2.weight 512",
      "text.head.bn2.bias 512",
    ]);
    expect(model.parameters.some(({ name }) => name.startsWith("classifier"))).toBe(false);
  });

  it("normalises behind the first layer in the code", () => {
    expect(shapes(twoBranch({ output: "linear" }), "image")).toEqual([
      "image.head.fc1.weight 2048x4096",
      "image.head.bn1.weight 2048",
      "image.head.bn1.bias 2048",
      "image.head.fc2.weight 512x2048",
      "image.head.fc2.bias 512",
    ]);
  });

  it("refuses an instance loss without a classifier", () => {
    const model = twoBranch({});
    const graph = new Graph("none");
    const context = createBuildContext(graph, { mode: "train" });
    const path = model.buildText(context, declareText(graph, model.config, 2));
    expect(() => model.buildClassifier(context, [path.dropped()])).toThrow(/model has no classifier/);
  });
});
