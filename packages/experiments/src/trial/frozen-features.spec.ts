import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openCorpus, type Corpus } from "@dualpath/datasets";
import { beforeEach, describe, expect, it } from "vitest";
import { parseConfigDocument } from "../config/document.js";
import { experimentSchema, type Experiment } from "../config/experiment.js";
import { validated } from "../config/load.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment, writeTinyCorpus } from "../testing/tiny-corpus.js";
import { TINY_FEATURES, TINY_TRUNK, writeTinyTrunk } from "../testing/tiny-trunk.js";
import { workspace } from "../workspace/root.js";
import { computedFeatures, declaredFeatures, type ImageSource } from "./frozen-features.js";

interface Bench {
  readonly experiment: Experiment;
  readonly corpus: Corpus;
  readonly local: string;
}

async function bench(views: string): Promise<Bench> {
  const folder = temporaryDirectory();
  await writeTinyCorpus(folder);
  const weights = join(folder, "trunk.safetensors");
  await writeTinyTrunk(weights);
  const text = tinyExperiment(folder, `features: ${JSON.stringify({ trunk: TINY_TRUNK, weights, views })}\n`);
  const experiment = validated(parseConfigDocument(text, "tiny.yaml"), experimentSchema);
  const local = join(folder, "local");
  return { experiment, corpus: await openCorpus(experiment.corpus, { cacheDirectory: local }), local };
}

const compute = ({ experiment, local }: Bench): ImageSource =>
  computedFeatures(experiment, { workspace: { ...workspace(), local }, threads: 1 });

let whole: Bench;
beforeEach(async () => void (whole = await bench("whole")));

describe("features of a frozen trunk", () => {
  it("have a row for every picture and are computed once", async () => {
    const rows = await compute(whole)!(whole.corpus);
    expect(rows).toMatchObject({ kind: "features", count: 40, shape: [TINY_FEATURES] });
    const first = await rows.read([0, 1]);
    expect(first.slice(0, TINY_FEATURES)).not.toEqual(first.slice(TINY_FEATURES));
    const folder = join(whole.local, "features");
    const [file] = readdirSync(folder);
    const written = statSync(join(folder, file!)).mtimeMs;
    expect(await (await compute(whole)!(whole.corpus)).read([0, 1])).toEqual(first);
    expect(readdirSync(folder)).toEqual([file]);
    expect(statSync(join(folder, file!)).mtimeMs).toBe(written);
  });

  it("are others for other views", async () => {
    const flipped = await bench("flip");
    const triangle = whole.corpus.imageNames.findIndex((name) => name.includes("triangle"));
    const one = await (await compute(whole)!(whole.corpus)).read([triangle]);
    const other = await (await compute(flipped)!(flipped.corpus)).read([triangle]);
    expect(other).not.toEqual(one);
    const tens = await bench("ten-crop");
    expect((await (await compute(tens)!(tens.corpus)).read([triangle])).length).toBe(TINY_FEATURES);
  });

  it("need their weights, named with the way to give them", async () => {
    const { experiment, ...rest } = whole;
    const features = { ...experiment.features!, weights: join(rest.local, "gone.pth") };
    const missing = compute({ ...rest, experiment: { ...experiment, features } })!(rest.corpus);
    await expect(missing).rejects.toMatchObject({
      code: "DATA_MISSING",
      message: expect.stringMatching(/gone\.pth.*--weights/),
    });
  });

  it("are only declared where nothing is computed", async () => {
    const rows = await declaredFeatures(whole.experiment)!(whole.corpus);
    expect(rows).toMatchObject({ count: 40, shape: [TINY_FEATURES] });
    await expect(rows.read([0])).rejects.toMatchObject({ code: "DATA" });
    const { features, ...plain } = whole.experiment;
    expect(features).toBeDefined();
    expect(declaredFeatures(plain as Experiment)).toBeUndefined();
  });
});
