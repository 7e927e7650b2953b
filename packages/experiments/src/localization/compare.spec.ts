import { join } from "node:path";
import { Embedder, loadModel, Store } from "@dualpath/core";
import { featureImages, plainMultiply, vectorTexts } from "@dualpath/datasets";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyLocalization, writeTinyEntities, writeTinyTrunk } from "../testing/tiny-entities.js";
import { openComparison } from "./compare.js";
import { localizationSchema } from "./config.js";
import { EMBEDDED_AT_ONCE, embedRows } from "./embed.js";
import { localize } from "./localize.js";

const HIDDEN = 24;
const { signal } = new AbortController();

/** The tiny config with a similarity network, learning by the given losses. */
function withNetwork(folder: string, losses: object = { logistic: { negatives: 3 } }) {
  const { baseline: _, ...config } = tinyLocalization(folder);
  const { hardNegatives, training, model } = config;
  return {
    ...config,
    model: { ...model, similarity: { hidden: [HIDDEN] } },
    training: { ...training, losses },
    hardNegatives: { ...hardNegatives, stage: { ...hardNegatives.stage, losses } },
  };
}

const wave = (count: number, by: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(by * (index + 1)));

describe("a similarity network", () => {
  it("ranks boxes and mines hard negatives by its own scores, which are those of plain loops", async () => {
    const folder = temporaryDirectory();
    await writeTinyEntities(folder, { train: 48, test: 12 });
    await writeTinyTrunk(join(folder, "trunk.safetensors"));
    const lines: string[] = [];
    const rows = await localize({
      ...{ config: localizationSchema.parse(withNetwork(folder)), directory: join(folder, "run") },
      ...{ cache: join(folder, "cache"), threads: 1, multiply: plainMultiply, signal },
      onProgress: (line) => void lines.push(line),
    });
    expect(rows.map(({ name }) => name)).toEqual(["pairs", "hard"]);
    // Five boxes an image: chance finds one in five.
    for (const { result } of rows) expect(result.all.r1).toBeGreaterThan(60);
    expect(lines).toContain("hard negatives: 2 for each of 192 pairs");
    await expectLoops(join(folder, "run", "hard", "stage-hard.safetensors"));
  });

  it("is refused where a stage does not train it, and its loss where there is none", () => {
    const folder = temporaryDirectory();
    const untrained = withNetwork(folder, { structure: { texts: 0 } });
    const missing = { ...withNetwork(folder), model: tinyLocalization(folder).model };
    for (const config of [untrained, missing]) {
      const found = localizationSchema.safeParse(config).error?.issues;
      expect(found?.map(({ path }) => path.join("."))).toEqual(["model.similarity"]);
      expect(found?.[0]?.message).toContain("learns by losses.logistic, in every stage");
    }
  });
});

/** Scores of more regions and phrases than one step takes, asked for out of order and twice. */
async function expectLoops(checkpoint: string): Promise<void> {
  const images = featureImages(wave(70 * 16, 0.7), 16);
  const texts = vectorTexts(wave(20 * 8, 1.3), 8);
  await using store = Store.open({ device: "cpu", threads: 1 });
  const { model } = await loadModel(checkpoint, store);
  const embedder = await Embedder.open(store, model, { batchSize: EMBEDDED_AT_ONCE });
  const { images: a, texts: b, dimension } = await embedRows(embedder, images, texts, signal);
  const names = ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"];
  const weights = await Promise.all(names.map(async (name) => (await store.read(`similarity.${name}`)).data));
  const [w1, b1, w2, b2] = weights as [Float32Array, Float32Array, Float32Array, Float32Array];
  const byLoops = (region: number, phrase: number): number => {
    let score = b2[0]!;
    for (let unit = 0; unit < HIDDEN; unit++) {
      let sum = b1[unit]!;
      for (let k = 0; k < dimension; k++)
        sum +=
          w1[unit * dimension + k]! * dimension * a[region * dimension + k]! * b[phrase * dimension + k]!;
      score += w2[unit]! * Math.max(0, sum);
    }
    return score;
  };
  const comparison = await openComparison(checkpoint, images, texts, { device: "cpu", threads: 1, signal });
  const regions = Array.from({ length: 70 }, (_, row) => 69 - row);
  const phrases = [...Array(20).keys(), 3];
  const scores = await comparison.scores(regions, phrases);
  await comparison.dispose();
  expect([...scores.keys()]).toEqual([...Array(20).keys()]);
  for (const phrase of phrases)
    regions.forEach((region, place) =>
      expect(scores.get(phrase)![place], `${region}, ${phrase}`).toBeCloseTo(byLoops(region, phrase), 4),
    );
}
