import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plainMultiply } from "@dualpath/datasets";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyTrunk, writeTinyEntities, writeTinyTrunk } from "../testing/tiny-entities.js";
import { localizationSchema } from "./config.js";
import { mineHardNegatives } from "./hard-negatives.js";
import { localize } from "./localize.js";
import { squashed, type Region } from "./regions.js";

const stage = {
  name: "pairs",
  epochs: 12,
  batchSize: 8,
  neighbours: { images: 2, texts: 1 },
  losses: { structure: { margin: 0.2, violations: 10, images: 0.1, texts: 0 } },
  optimizer: { kind: "adam" },
  learningRate: 0.02,
};

const configIn = (folder: string) =>
  localizationSchema.parse({
    task: "phrase-localization",
    name: "tiny entities",
    device: "cpu",
    entities: { directory: folder, images: "images" },
    proposals: { kind: "grid", scales: [1, 0.5], aspects: [1], step: 1 },
    regions: { trunk: tinyTrunk, weights: join(folder, "trunk.safetensors"), size: 64 },
    text: { vectors: { kind: "tf-idf", words: 8 } },
    model: {
      image: { kind: "features", dimension: 16 },
      text: { kind: "vector", dimension: 8 },
      embedding: 16,
      head: { imageHidden: 32, textHidden: 32, output: "batch-norm", dropout: 0 },
      classifier: "none",
    },
    training: stage,
    hardNegatives: {
      proposals: 5,
      stage: {
        ...stage,
        name: "hard",
        epochs: 2,
        neighbours: { images: 3, texts: 1 },
        losses: { structure: { margin: 0.2, violations: 10, texts: 0 } },
        learningRate: 0.002,
      },
    },
    baseline: { dimensions: 4 },
  });

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
  const embedded = {
    images: Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)])),
    texts: Float32Array.of(1, 0),
    dimension: 2,
  };
  const input = { regions: [region(1, 50)], pairs: [{ region: 0, phrase: 0 }], proposed, embedded };

  it("are boxes that overlap little and look most like the phrase, and repeat where there are too few", () => {
    expect(mineHardNegatives(input, { each: 2, below: 0.3 }).negatives).toEqual([[2, 3]]);
    expect(mineHardNegatives(input, { each: 3, below: 0.3 }).negatives).toEqual([[2, 3, 2]]);
    expect(mineHardNegatives(input, { each: 3, below: 0.5 }).negatives).toEqual([[2, 4, 3]]);
  });

  it("leave out pairs of images without any", () => {
    const near = { regions: [region(1, 50)], offsets: [0, 1] };
    expect(mineHardNegatives({ ...input, proposed: near }, { each: 1, below: 0.3 })).toEqual({
      kept: [],
      negatives: [],
    });
  });
});

describe("a region's box", () => {
  it("is scaled to the squashed picture, from 1-based inclusive pixels", () => {
    expect(squashed(region(51, 100), 64)).toEqual([0, 32, 64, 32, 0]);
  });
});
