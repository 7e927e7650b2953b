import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { elementCount } from "../graph/types.js";
import { writeSafetensors, type TensorSource } from "../train/safetensors.js";
import { dualPath } from "./dual-path.js";
import { loadTrunk } from "./pretrained.js";

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

/** A file with torchvision's names: the trunk, its last layer and its counters. */
async function torchvisionFile(width: number): Promise<string> {
  const trunk = modelOf(width).parameters.filter(({ name }) => name.startsWith("image.trunk."));
  const tensors: TensorSource[] = trunk.map(({ name, shape }, index) => ({
    name: name.replace("image.trunk.", ""),
    dtype: "f32",
    shape,
    load: () => new Float32Array(elementCount(shape)).fill(index),
  }));
  tensors.push({ name: "fc.bias", dtype: "f32", shape: [1], load: () => new Float32Array(1) });
  const path = join(directory, `trunk-${width}.safetensors`);
  await writeSafetensors(path, tensors, {});
  return path;
}

describe("pretrained trunks", () => {
  it("load by torchvision's names and leave what the trunk does not use", async () => {
    const store = Store.open({ device: "reference" });
    await loadTrunk(store, modelOf(0.25), await torchvisionFile(0.25));
    expect((await store.read("image.trunk.bn1.weight")).data[0]).toBe(1);
    expect(store.names().every((name) => name.startsWith("image.trunk."))).toBe(true);
  });

  it("of another width are refused before anything is written", async () => {
    const store = Store.open({ device: "reference" });
    const loading = loadTrunk(store, modelOf(0.25), await torchvisionFile(0.5));
    await expect(loading).rejects.toMatchObject({
      code: "CHECKPOINT_MODEL",
      message: expect.stringContaining(
        "tensor 'conv1.weight': expected F32 [16, 3, 7, 7], got F32 [32, 3, 7, 7]",
      ),
    });
    expect(store.names()).toEqual([]);
  });
});
