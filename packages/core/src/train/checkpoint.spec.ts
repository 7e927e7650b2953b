import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { dualPath } from "../models/dual-path.js";
import { initialize } from "../models/initialize.js";
import { averageKey } from "../optim/update.js";
import { mutated } from "../weights/testing/mutate.js";
import {
  loadTensors,
  readCheckpointHeader,
  saveCheckpoint,
  startOfRun,
  type RunDescription,
} from "./checkpoint.js";
import { CheckpointError } from "./errors.js";
import { describeDifference, firstDifference } from "./difference.js";
import { loadModel } from "./model-file.js";
import { openSafetensors, writeSafetensors } from "./safetensors.js";

const sizes = { classes: 3, vocabulary: 0 };
const configOf = (embedding: number) => ({
  image: { kind: "features", dimension: 4 },
  text: { kind: "vector", dimension: 5 },
  embedding,
});
const model = dualPath(configOf(6), sizes);
const description: RunDescription = { model: model.config, sizes, seed: 1 };

let directory: string;
let store: Store;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "checkpoint-"));
  store = Store.open({ device: "reference" });
  await initialize(store, model, 1);
});
afterEach(async () => {
  await store.dispose();
  await rm(directory, { recursive: true, force: true });
});

const HEADER_BYTES = 2048;

const saved = async (): Promise<string> => {
  const path = join(directory, "model.safetensors");
  await saveCheckpoint(path, store, { description, progress: { ...startOfRun, globalStep: 7, best: 12.5 } });
  return path;
};

describe("checkpoints", () => {
  it("come back with every tensor, the position and what the run was", async () => {
    const path = await saved();
    const header = await readCheckpointHeader(path);
    expect(header.progress).toEqual({ ...startOfRun, globalStep: 7, best: 12.5 });
    expect(header.description).toEqual(description);
    const other = Store.open({ device: "reference" });
    await loadTensors(path, other, model.parameters, () => true);
    for (const name of store.names()) expect(await other.read(name)).toEqual(await store.read(name));
    expect(other.names()).toEqual(store.names());
  });

  it("load as a model with its averages where they hold some", async () => {
    const name = "classifier.weight";
    const { shape, data } = await store.read(name);
    await store.write(
      averageKey(name),
      shape,
      "f32",
      (data as Float32Array).map((value) => value + 1),
    );
    const other = Store.open({ device: "reference" });
    const loaded = await loadModel(await saved(), other, { model: model.config, sizes });
    expect(loaded.model.config).toEqual(model.config);
    expect((await other.read(name)).data[0]).toBeCloseTo(data[0]! + 1, 6);
    expect(other.has(averageKey(name))).toBe(false);
  });

  it("that are mutated are read or refused with a typed error, a thousand of them", async () => {
    const bytes = await readFile(await saved());
    const path = join(directory, "mutated.safetensors");
    let refused = 0;
    for (let index = 0; index < 1000; index++) {
      // The tensors' bytes may hold anything: what can be wrong lies in front of them.
      const header = bytes.subarray(0, HEADER_BYTES);
      await writeFile(path, Buffer.concat([mutated(header, 29, index), bytes.subarray(HEADER_BYTES)]));
      const error: unknown = await readCheckpointHeader(path).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      if (!(error instanceof CheckpointError)) throw new Error(`mutation ${index}`, { cause: error });
      refused++;
    }
    expect(refused).toBeGreaterThan(500);
  });

  it("may be evaluated on either side of the last ReLU", async () => {
    const path = await saved();
    const expected = { ...model.config, evaluationFeature: "post-relu" as const };
    const loaded = await loadModel(path, store, { model: expected, sizes });
    expect(loaded.model.config).toEqual(expected);
    expect((await loadModel(path, store)).model.config.evaluationFeature).toBe("pre-relu");
  });

  it("of another model are refused with the first difference and change nothing", async () => {
    const path = await saved();
    const other = dualPath(configOf(8), sizes);
    await expect(loadModel(path, store, { model: other.config, sizes })).rejects.toMatchObject({
      code: "CHECKPOINT_MODEL",
      message: `${path}: checkpoint of another model: model.embedding: expected 8, got 6`,
    });
    const before = await store.read("image.head.bn1.weight");
    const wrong = loadTensors(
      path,
      store,
      [...model.parameters].reverse().map(({ name }) => ({ name, shape: [2] })),
    );
    await expect(wrong).rejects.toThrow("tensor 'classifier.bias': expected F32 [2], got F32 [3]");
    expect(await store.read("image.head.bn1.weight")).toEqual(before);
  });

  it("that lack a tensor name it", async () => {
    const missing = loadTensors(await saved(), store, [{ name: "image.head.fc9.weight", shape: [2] }]);
    await expect(missing).rejects.toThrow("tensor 'image.head.fc9.weight': expected F32 [2], got nothing");
  });
});

describe("files that are no checkpoint", () => {
  const rewrite = async (
    change: (metadata: Record<string, string>) => Record<string, string>,
  ): Promise<string> => {
    const path = await saved();
    const file = await openSafetensors(path);
    const metadata = change({ ...file.metadata });
    await file.close();
    const changed = join(directory, "changed.safetensors");
    await writeSafetensors(changed, [], metadata);
    return changed;
  };

  it.each([
    ["weights of somebody else", () => ({}), "not a Dualpath checkpoint"],
    ["a run that is no JSON", (m: Record<string, string>) => ({ ...m, run: "{" }), "'run': is not JSON"],
    [
      "a run that was edited",
      (m: Record<string, string>) => ({ ...m, run: m["run"]!.replace('"seed":1', '"seed":2') }),
      "fingerprint",
    ],
    [
      "a negative position",
      (m: Record<string, string>) => ({ ...m, progress: m["progress"]!.replace(":7", ":-7") }),
      "globalStep",
    ],
    ["no run", ({ run: _run, ...rest }: Record<string, string>) => rest, "'run'"],
  ])("%s: refused by name", async (_what, change, message) => {
    const path = await rewrite(change as (metadata: Record<string, string>) => Record<string, string>);
    const error = await readCheckpointHeader(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CHECKPOINT_CORRUPT", message: expect.stringContaining(message) });
  });

  it("a missing file and a cut one are told apart", async () => {
    await expect(readCheckpointHeader(join(directory, "no"))).rejects.toMatchObject({
      code: "CHECKPOINT_MISSING",
    });
    const cut = join(directory, "cut.safetensors");
    await copyFile(await saved(), cut);
    await writeFile(cut, (await readFile(cut)).subarray(0, 200));
    await expect(readCheckpointHeader(cut)).rejects.toMatchObject({ code: "CHECKPOINT_CORRUPT" });
  });
});

describe("first difference", () => {
  it("is found in order, below lists and objects, in both directions", () => {
    expect(firstDifference({ a: 1, b: [1, { c: 2 }] }, { a: 1, b: [1, { c: 3 }] })).toEqual({
      path: "b.1.c",
      expected: 2,
      got: 3,
    });
    expect(describeDifference(firstDifference({ a: 1 }, { a: 1, z: "x" })!)).toBe(
      'z: expected nothing, got "x"',
    );
    expect(firstDifference({ a: [1] }, { a: [1] })).toBeUndefined();
    expect(firstDifference(undefined, { a: 1 })).toMatchObject({ path: "" });
  });
});
