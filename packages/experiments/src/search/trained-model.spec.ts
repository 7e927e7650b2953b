import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadExperiment } from "../config/load.js";
import { experimentSchema } from "../config/experiment.js";
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
