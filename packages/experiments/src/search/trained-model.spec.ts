import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSafetensors, writeSafetensors } from "@dualpath/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadExperiment } from "../config/load.js";
import { experimentSchema } from "../config/experiment.js";
import { exportModel } from "../export/export-model.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { trainTinyOnFeatures, type TrainedTiny } from "../testing/trained.js";
import { computedFeatures } from "../trial/frozen-features.js";
import { measure } from "../trial/measure.js";
import { openData } from "../trial/open-data.js";
import { workspace } from "../workspace/root.js";
import { TrainedModel } from "./trained-model.js";

let folder: string;
let tiny: TrainedTiny;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  tiny = await trainTinyOnFeatures(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = { device: "cpu", threads: 1 } as const;
const open = (checkpoint: string) => TrainedModel.open(checkpoint, { ...settings, batchSize: 3 });

/** What evaluation makes of the test pictures, and their names. */
async function measured() {
  const { experiment } = loadExperiment(join(folder, "trial", "config.yaml"), experimentSchema);
  const local = { ...workspace(), local: join(folder, "local") };
  const images = computedFeatures(experiment, { workspace: local, threads: 1 });
  const { corpus, data } = await openData(experiment.corpus, { workspace: local, images });
  const { evaluation } = experiment;
  const options = { checkpoint: tiny.checkpoint, data, splits: ["test"], evaluation, ...settings };
  const [result] = await measure(options);
  const photos = data.evaluation("test").images;
  await corpus.close();
  return {
    embeddings: result!.embeddings.images,
    names: Array.from(Array(photos.count).keys(), photos.nameOf),
  };
}

/** A checkpoint that says of itself what the tiny one says, less or more one thing; it holds no weights. */
async function saying(key: "run" | "inputs", change: (said: string) => string | undefined): Promise<string> {
  const original = await openSafetensors(tiny.checkpoint);
  const { [key]: said = "", ...rest } = original.metadata;
  await original.close();
  const changed = change(said);
  const path = join(temporaryDirectory(), "model.safetensors");
  const metadata = changed === undefined ? rest : { ...rest, [key]: changed };
  const fingerprint = createHash("sha256").update(metadata["run"]!).digest("hex").slice(0, 16);
  await writeSafetensors(path, [], { ...metadata, fingerprint });
  return path;
}

const HEADER = 8;

/** A copy of the tiny checkpoint beside it that says of itself to read text vectors in place of words. */
function wordless(): string {
  const whole = readFileSync(tiny.checkpoint);
  const end = HEADER + Number(whole.readBigUInt64LE(0));
  const header = JSON.parse(whole.toString("utf8", HEADER, end)) as { __metadata__: { inputs: string } };
  const { preprocessing, views } = JSON.parse(header.__metadata__.inputs) as Record<string, object>;
  header.__metadata__.inputs = JSON.stringify({
    preprocessing: { ...preprocessing, text: undefined },
    views,
  });
  const said = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(HEADER);
  length.writeBigUInt64LE(BigInt(said.length));
  const path = tiny.checkpoint.replace(/[^/]*$/, "wordless.safetensors");
  writeFileSync(path, Buffer.concat([length, said, whole.subarray(end)]));
  return path;
}

const withSimilarity = (run: string): string =>
  run.replace('"evaluationFeature"', '"similarity":{"hidden":[4],"initializer":"xavier"},$&');
const withoutPictures = (inputs: string): string => {
  const { preprocessing, views } = JSON.parse(inputs) as { preprocessing: object; views: object };
  return JSON.stringify({ preprocessing: { ...preprocessing, image: undefined }, views });
};

describe("a checkpoint that is no use for searching photos", () => {
  it.each([
    [
      "scores pairs by a network",
      "run",
      withSimilarity,
      /scores pairs by a similarity network.*Take a model/,
    ],
    [
      "does not say how it reads",
      "inputs",
      () => undefined,
      /does not say how photos and sentences are read/,
    ],
    ["never saw a photo", "inputs", withoutPictures, /precomputed image features and cannot look at photos/],
  ] as const)("is refused by the search: one that %s", async (_, key, change, message) => {
    const checkpoint = await saying(key, change);
    await expect(open(checkpoint)).rejects.toMatchObject({
      code: "CHECKPOINT",
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [
      "scores pairs by a network",
      "run",
      withSimilarity,
      /scores pairs by a similarity network.*Take a model/,
    ],
    [
      "does not say how it reads",
      "inputs",
      () => undefined,
      /does not say how photos and sentences are read/,
    ],
  ] as const)("is refused by the export: one that %s", async (_, key, change, message) => {
    const [checkpoint, output] = [await saying(key, change), join(temporaryDirectory(), "export")];
    const options = { checkpoint, output, format: "onnx", int8: false, card: "" } as const;
    await expect(exportModel(options)).rejects.toMatchObject({
      code: "CHECKPOINT",
      message: expect.stringMatching(message),
    });
    expect(existsSync(output)).toBe(false);
  });
});

describe("a model of a frozen trunk's features", () => {
  it("embeds new photos as evaluation embeds the pictures of its corpus", async () => {
    const { embeddings, names } = await measured();
    const model = await open(tiny.checkpoint);
    const decoded = await Promise.all(names.map((name) => model.decode(join(tiny.photos, name))));
    const vectors = await model.embedPhotos(Buffer.concat(decoded));
    expect(vectors).toHaveLength(embeddings.length);
    vectors.forEach((value, at) => expect(value).toBeCloseTo(embeddings[at]!, 5));
    expect(vectors.subarray(0, model.dimension)).not.toEqual(vectors.subarray(-model.dimension));
    await model.dispose();
  });

  it("answers photos alone where it reads text vectors", async () => {
    const model = await open(wordless());
    await expect(model.embedSentence("a red circle")).rejects.toMatchObject({
      code: "QUERY",
      message: expect.stringMatching(
        /wordless\.safetensors reads text vectors, no sentences; search by a photo/,
      ),
    });
    const photo = await model.decode(join(tiny.photos, "red-bar.png"));
    expect(await model.embedPhotos(photo)).toHaveLength(model.dimension);
    await model.dispose();
  });

  it("is refused away from the config that names its trunk, and without the trunk's weights", async () => {
    const alone = join(temporaryDirectory(), "model.safetensors");
    copyFileSync(tiny.checkpoint, alone);
    await expect(open(alone)).rejects.toMatchObject({
      code: "CHECKPOINT",
      message: expect.stringMatching(/reads the features of a frozen trunk, .*config\.yaml .* is not there/),
    });
    rmSync(join(folder, "trunk.safetensors"));
    await expect(open(tiny.checkpoint)).rejects.toThrow(/trunk\.safetensors/);
  });
});
