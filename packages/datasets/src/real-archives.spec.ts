import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flickr8kSchema, mscocoSchema } from "./config.js";
import { openFlickr8k, readFlickr8k } from "./flickr8k/open-flickr8k.js";
import { openMscoco, readMscoco } from "./mscoco/open-mscoco.js";

/** Time to unpack and decode some thousand photos on a busy machine. */
const TIMEOUT = 600_000;
const COCO = archive("coco-mini.tar");
const FLICKR8K = archive("flickr8k.tar");

function archive(name: string): string {
  return join(process.env["DUALPATH_DATA"] ?? "DUALPATH_DATA", name);
}

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "real-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const unpack = (file: string): void => void execFileSync("tar", ["-xf", file, "-C", folder]);
const context = () => ({ cacheDirectory: join(folder, "cache") });
const image = { size: 16 };

describe.runIf(existsSync(COCO))("MSCOCO's files (left out without coco-mini.tar in DUALPATH_DATA)", () => {
  beforeAll(() => unpack(COCO), TIMEOUT);
  const config = (more: object) =>
    mscocoSchema.parse({ kind: "mscoco", directory: join(folder, "coco-mini"), image, ...more });

  it("hold 159 photos with 795 captions, split as they ship or by draw", async () => {
    const official = (await readMscoco(config({ split: "official" }))).report;
    expect(official).toMatchObject({ name: "mscoco-2017", images: 159, captions: 795, skipped: [] });
    expect(official.splits).toEqual({
      train: { images: 80, captions: 400 },
      validation: { images: 79, captions: 395 },
    });
    const sizes = { validation: 20, test: 30 };
    const drawn = (await readMscoco(config({ split: "random", sizes }))).report;
    expect(drawn.splits).toMatchObject({ train: { images: 109 }, test: { images: 30, captions: 150 } });
  });

  it("are trained on from their own photos", { timeout: TIMEOUT }, async () => {
    const corpus = await openMscoco(config({ split: "official" }), context());
    const data = await corpus.trainingData();
    expect([data.classes, data.stepsPerEpoch(80), data.splits]).toEqual([80, 1, ["validation", "train"]]);
    expect(Math.min(...(await corpus.channelMean()))).toBeGreaterThan(60);
    await corpus.close();
  });
});

describe.runIf(existsSync(FLICKR8K))(
  "Flickr8k's files (left out without flickr8k.tar in DUALPATH_DATA)",
  () => {
    beforeAll(() => unpack(FLICKR8K), TIMEOUT);
    const config = (layout: string) =>
      flickr8kSchema.parse({ kind: "flickr8k", directory: join(folder, "flickr8k"), layout, image });

    it.each(["lists", "karpathy"])(
      "hold 7,000 photos with 35,000 captions in the layout of %s",
      async (layout) => {
        const { report } = await readFlickr8k(config(layout));
        expect(report).toMatchObject({
          name: `flickr8k-${layout}`,
          images: 7000,
          captions: 35_000,
          skipped: [],
        });
        expect(report.splits).toEqual({
          train: { images: 6000, captions: 30_000 },
          validation: { images: 1000, captions: 5000 },
        });
      },
    );

    it("know the same photos and splits in both layouts, with as many captions", async () => {
      const [lists, karpathy] = await Promise.all(
        ["lists", "karpathy"].map(async (layout) => {
          const { images } = await readFlickr8k(config(layout));
          return new Map(
            images.map(({ name, split, captions }) => [name, { split, count: captions.length }]),
          );
        }),
      );
      expect(lists).toEqual(karpathy);
    });

    it("are trained on from their own photos", { timeout: TIMEOUT }, async () => {
      const corpus = await openFlickr8k(config("lists"), context());
      const data = await corpus.trainingData();
      expect([data.classes, data.stepsPerEpoch(256)]).toEqual([6000, 23]);
      expect(data.evaluation("validation").images.count).toBe(1000);
      expect(Math.min(...(await corpus.channelMean()))).toBeGreaterThan(60);
      await corpus.close();
    });
  },
);
