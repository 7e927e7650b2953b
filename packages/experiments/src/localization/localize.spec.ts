import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plainMultiply } from "@dualpath/datasets";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyLocalization, writeTinyEntities, writeTinyTrunk } from "../testing/tiny-entities.js";
import { localizationSchema } from "./config.js";
import { byCosine } from "./compare.js";
import { mineHardNegatives } from "./hard-negatives.js";
import { localize } from "./localize.js";
import { squashed, type Region } from "./regions.js";

const configIn = (folder: string) => localizationSchema.parse(tinyLocalization(folder));

describe("phrase localization", () => {
  it("learns which of the grid's boxes phrases mean, beside CCA, and draws where it found them", async () => {
    const folder = temporaryDirectory();
    await writeTinyEntities(folder, { train: 48, test: 12 });
    await writeTinyTrunk(join(folder, "trunk.safetensors"));
    const lines: string[] = [];
    const options = {
      ...{
        config: configIn(folder),
        directory: join(folder, "run"),
        cache: join(folder, "cache"),
        threads: 1,
      },
      ...{ multiply: plainMultiply, signal: new AbortController().signal },
      onProgress: (line: string) => void lines.push(line),
    };
    const rows = await localize(options);
    expect(rows.map(({ name }) => name)).toEqual(["normalised CCA", "pairs", "hard"]);
    for (const { result } of rows) {
      expect(result.all).toMatchObject({ count: 48, oracle: 100, r5: 100 });
      expect(Object.keys(result.types)).toEqual(["clothing", "other"]);
    }
    const [, trained, tuned] = rows.map(({ result }) => result.all.r1);
    // Five boxes an image: chance finds one in five.
    expect(trained).toBeGreaterThan(70);
    expect(tuned).toBeGreaterThan(70);
    expect(lines).toContain("hard negatives: 2 for each of 192 pairs");
    const picture = await sharp(readFileSync(join(folder, "run", "localization.png"))).metadata();
    expect(picture).toMatchObject({ format: "png" });
    expect(existsSync(join(folder, "run", "hard", "stage-hard.safetensors"))).toBe(true);
    const again: string[] = [];
    const repeated = await localize({ ...options, onProgress: (line) => void again.push(line) });
    expect(repeated.map(({ result }) => result)).toEqual(rows.map(({ result }) => result));
    expect(again.filter((line) => line.includes("features of"))).toEqual([]);
  });

  it("says which weights are missing", async () => {
    const folder = temporaryDirectory();
    await writeTinyEntities(folder, { train: 8, test: 2 });
    const options = {
      ...{
        config: configIn(folder),
        directory: join(folder, "run"),
        cache: join(folder, "cache"),
        threads: 1,
      },
      ...{ multiply: plainMultiply, signal: new AbortController().signal, onProgress: () => undefined },
    };
    await expect(localize(options)).rejects.toThrow(/trunk\.safetensors: there are no such trunk weights/);
  });

  it("refuses hard negatives in the structure of images, which belong to no class", () => {
    const folder = temporaryDirectory();
    const { hardNegatives, ...rest } = configIn(folder);
    const losses = { structure: { images: 0.1, texts: 0 } };
    const wrong = {
      ...rest,
      hardNegatives: { ...hardNegatives, stage: { ...hardNegatives?.stage, losses } },
    };
    const found = localizationSchema.safeParse(wrong).error?.issues.map(({ message }) => message);
    expect(found?.join()).toContain("hard negatives belong to no class");
  });
});

const region = (left: number, right: number): Region => ({
  image: { id: "1", split: "train", width: 100, height: 50, sentences: [], phrases: [] },
  box: { left, top: 1, right, bottom: 50 },
});

describe("hard negatives", () => {
  const proposed = {
    regions: [region(1, 50), region(60, 100), region(51, 100), region(1, 20)],
    offsets: [0, 4],
  };
  // Unit vectors at these angles; the phrase lies at 0.
  const angles = [0.5, 0.1, 0.2, 0.9, 0.3];
  const comparison = byCosine({
    images: Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)])),
    texts: Float32Array.of(1, 0),
    dimension: 2,
  });
  const input = { regions: [region(1, 50)], pairs: [{ region: 0, phrase: 0 }], proposed, comparison };
  const mined = async (each: number, below: number) =>
    (await mineHardNegatives(input, { each, below })).negatives;

  it("are boxes that overlap little and fit the phrase best, and repeat where there are too few", async () => {
    expect(await mined(2, 0.3)).toEqual([[2, 3]]);
    expect(await mined(3, 0.3)).toEqual([[2, 3, 2]]);
    expect(await mined(3, 0.5)).toEqual([[2, 4, 3]]);
  });

  it("lead by what compares them, whatever their cosine", async () => {
    const scores = () => Promise.resolve(new Map([[0, [9, 1, 2, 3]]]));
    const other = { ...input, comparison: { ...comparison, scores } };
    const { kept, negatives } = await mineHardNegatives(other, { each: 2, below: 0.3 });
    expect(kept).toEqual(input.pairs);
    expect(negatives).toEqual([[3, 2]]);
  });

  it("leave out pairs of images without any", async () => {
    const near = { regions: [region(1, 50)], offsets: [0, 1] };
    const nothing = await mineHardNegatives({ ...input, proposed: near }, { each: 1, below: 0.3 });
    expect(nothing).toEqual({ kept: [], negatives: [] });
  });
});

describe("a region's box", () => {
  it("is scaled to the squashed picture, from 1-based inclusive pixels", () => {
    expect(squashed(region(51, 100), 64)).toEqual([0, 32, 64, 32, 0]);
  });
});
