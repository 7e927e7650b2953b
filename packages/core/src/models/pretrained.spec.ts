import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { elementCount } from "../graph/types.js";
import { CheckpointError } from "../train/errors.js";
import { writeSafetensors, type TensorSource } from "../train/safetensors.js";
import { dualPath } from "./dual-path.js";
import { loadTrunk } from "./pretrained.js";
import { fileName, namingOf } from "./trunk-names.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "trunk-"))));
afterAll(() => rm(directory, { recursive: true, force: true }));

const modelOf = (width: number) =>
  dualPath(
    {
      image: { kind: "resnet", depth: 18, width, stages: [1] },
      text: { kind: "vector", dimension: 3 },
      embedding: 2,
    },
    { classes: 2, vocabulary: 0 },
  );

type Change = (tensors: TensorSource[]) => TensorSource[];

let files = 0;

/** A file with torchvision's names, the trunk's tensor at `index` filled with `index`, changed before it is written. */
async function trunkFile(width: number, change: Change): Promise<string> {
  const trunk = modelOf(width).parameters.filter(({ name }) => name.startsWith("image.trunk."));
  const tensors = trunk.map(({ name, shape }, index) =>
    tensor(name.slice("image.trunk.".length), shape, index),
  );
  const path = join(directory, `trunk-${files++}.safetensors`);
  await writeSafetensors(path, change(tensors), {});
  return path;
}

function tensor(name: string, shape: readonly number[], value = 0): TensorSource {
  return { name, dtype: "f32", shape, load: () => new Float32Array(elementCount(shape)).fill(value) };
}

/** What loading the changed file says, with the number of tensors that were written before. */
async function refusal(change: Change, width = 0.25): Promise<unknown> {
  const store = Store.open({ device: "reference" });
  const path = await trunkFile(width, change);
  const error: unknown = await loadTrunk(store, modelOf(0.25), path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(store.names()).toEqual([]);
  const { code, details, message } = error as CheckpointError;
  expect(message).toContain(path);
  return { code, tensor: details["tensor"], expected: details["expected"], got: details["got"] };
}

const refused = (tensorName: string, expected: string, got: string): unknown => ({
  code: "CHECKPOINT_MODEL",
  tensor: tensorName,
  expected,
  got,
});

describe("pretrained trunks", () => {
  it("load by torchvision's names and leave the last layer and the counters", async () => {
    const unused = [
      tensor("fc.weight", [1, 1]),
      tensor("fc.bias", [1]),
      tensor("bn1.num_batches_tracked", [1]),
    ];
    const store = Store.open({ device: "reference" });
    await loadTrunk(store, modelOf(0.25), await trunkFile(0.25, (tensors) => [...unused, ...tensors]));
    expect((await store.read("image.trunk.bn1.weight")).data[0]).toBe(1);
    const trunk = modelOf(0.25).parameters.filter(({ name }) => name.startsWith("image.trunk."));
    expect(store.names().sort()).toEqual(trunk.map(({ name }) => name).sort());
  });

  it("of another width are refused before anything is written", async () => {
    expect(await refusal((tensors) => tensors, 0.5)).toEqual(
      refused("conv1.weight", "F32 [16, 3, 7, 7]", "F32 [32, 3, 7, 7]"),
    );
  });

  it("are refused by the first tensor that is missing", async () => {
    const without = (tensors: TensorSource[]) =>
      tensors.filter(({ name }) => !name.startsWith("layer1.0.bn"));
    expect(await refusal(without)).toEqual(refused("layer1.0.bn1.weight", "F32 [16]", "nothing"));
  });

  it("are refused by the first tensor that the trunk does not know", async () => {
    const deeper = [tensor("layer2.0.conv1.weight", [2, 3]), tensor("layer1.1.conv1.weight", [4])];
    expect(await refusal((tensors) => [...deeper, ...tensors])).toEqual(
      refused("layer1.1.conv1.weight", "nothing", "F32 [4]"),
    );
    expect(await refusal((tensors) => [...tensors, tensor("classifier.0.weight", [1])])).toMatchObject({
      tensor: "classifier.0.weight",
    });
  });

  it("of another number type are refused", async () => {
    const integers = (tensors: TensorSource[]): TensorSource[] =>
      tensors.map((source) =>
        source.name === "bn1.bias" ? { ...source, dtype: "i32", load: () => new Int32Array(16) } : source,
      );
    expect(await refusal(integers)).toEqual(refused("bn1.bias", "F32 [16]", "I32 [16]"));
  });

  it("whose shortcuts begin with an average pool are refused with the reason", async () => {
    const store = Store.open({ device: "reference" });
    const path = await trunkFile(0.25, (tensors) => [
      ...tensors,
      tensor("layer1.0.downsample.1.weight", [64, 16, 1, 1]),
      tensor("layer1.0.downsample.2.weight", [64]),
    ]);
    await expect(loadTrunk(store, modelOf(0.25), path)).rejects.toThrow(/average pool is another network$/);
  });
});

const tinyMobileNet = dualPath(
  {
    image: { kind: "mobilenet-v2", width: 0.125 },
    text: { kind: "vector", dimension: 3 },
    embedding: 2,
  },
  { classes: 2, vocabulary: 0 },
);
const tinyVgg = dualPath(
  { image: { kind: "vgg", depth: 16, width: 1 / 64, inputSize: 32 }, text: { kind: "vector", dimension: 3 } },
  { classes: 2, vocabulary: 0 },
);

/** timm's names of some of torchvision's, read in timm 1.0.15. */
const TIMM_NAMES: Readonly<Record<string, string>> = {
  "features.0.0.weight": "conv_stem.weight",
  "features.0.1.running_var": "bn1.running_var",
  "features.1.conv.0.0.weight": "blocks.0.0.conv_dw.weight",
  "features.1.conv.1.weight": "blocks.0.0.conv_pw.weight",
  "features.1.conv.2.bias": "blocks.0.0.bn2.bias",
  "features.2.conv.0.0.weight": "blocks.1.0.conv_pw.weight",
  "features.3.conv.1.0.weight": "blocks.1.1.conv_dw.weight",
  "features.6.conv.1.1.running_mean": "blocks.2.2.bn2.running_mean",
  "features.14.conv.2.weight": "blocks.5.0.conv_pwl.weight",
  "features.17.conv.3.weight": "blocks.6.0.bn3.weight",
  "features.18.0.weight": "conv_head.weight",
  "features.18.1.weight": "bn2.weight",
  "classifier.0.weight": "pre_logits.fc1.weight",
  "classifier.3.bias": "pre_logits.fc2.bias",
};

describe("timm's names", () => {
  it.each(Object.entries(TIMM_NAMES))("of %s is %s", (name, timm) => {
    expect(fileName(name, "timm")).toBe(timm);
    expect(fileName(name, "torchvision")).toBe(name);
    expect(namingOf(["bn1.weight", timm.startsWith("bn") ? "conv_stem.weight" : timm])).toBe("timm");
  });

  it.each([
    ["MobileNetV2", tinyMobileNet, ["classifier.weight", "classifier.bias"]],
    ["VGG", tinyVgg, ["head.fc.weight", "head.fc.bias"]],
  ] as const)(
    "load every tensor of %s, linear layers that are convolutions too",
    async (_, model, unused) => {
      const trunk = model.parameters.filter(({ name }) => name.startsWith("image.trunk."));
      const tensors = trunk.map(({ name, shape }, index) => {
        const timm = fileName(name.slice("image.trunk.".length), "timm");
        const window = timm === "pre_logits.fc1.weight" || timm === "pre_logits.fc2.weight";
        return tensor(timm, window ? [...shape, 1, 1] : shape, index);
      });
      const path = join(directory, `timm-${files++}.safetensors`);
      await writeSafetensors(path, [...tensors, ...unused.map((name) => tensor(name, [1]))], {});
      const store = Store.open({ device: "reference" });
      await loadTrunk(store, model, path);
      expect(new Set(tensors.map(({ name }) => name)).size).toBe(trunk.length);
      for (const [index, { name }] of trunk.entries()) expect((await store.read(name)).data[0]).toBe(index);
    },
  );
});
