import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { DRAWING, PIXEL_BOMB } from "../testing/no-photos.js";
import { trainTiny, type TrainedTiny } from "../testing/trained.js";
import { embedPhotos, type EmbedOptions } from "./embed-photos.js";
import { buildGraph, openGraph } from "./graph-file.js";
import { openIndex } from "./index-file.js";
import { listPhotos, photoFile } from "./photos.js";
import { Searcher } from "./searcher.js";
import { TrainedModel } from "./trained-model.js";

let folder: string;
let tiny: TrainedTiny;
let index: string;
const threads = 1;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  tiny = await trainTiny(folder);
  index = join(folder, "photos.index");
  await withModel((model) => embedPhotos(model, { photos: tiny.photos, index, batchSize: 8 }));
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withModel<T>(
  use: (model: TrainedModel) => Promise<T>,
  checkpoint = tiny.checkpoint,
): Promise<T> {
  const model = await TrainedModel.open(checkpoint, { threads, batchSize: 8, device: "cpu" });
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

async function openSearcher(options: object = {}, file = index): Promise<Searcher> {
  const searcher = await Searcher.open(file, { threads, device: "cpu", ...options });
  onTestFinished(() => searcher.dispose());
  return searcher;
}

const embed = (options: Partial<EmbedOptions>) =>
  withModel((model) => embedPhotos(model, { photos: tiny.photos, index, batchSize: 8, ...options }));

describe("searching photos", () => {
  it("finds by a sentence what it was trained on", async () => {
    const searcher = await openSearcher();
    const { hits, unknown } = await searcher.bySentence("a red circle, zebra-like", 8);
    expect(
      hits.slice(0, 3).some(({ photo }) => photo.startsWith("red") || photo.endsWith("circle.png")),
    ).toBe(true);
    expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a));
    expect(unknown).toEqual(["zebra", "like"]);
  });

  it("finds a photo first by itself, from its file, its bytes or its row", async () => {
    const searcher = await openSearcher();
    const photo = "teal-square.png";
    const file = join(tiny.photos, photo);
    const row = searcher.index.names.indexOf(photo);
    for (const hits of [
      await searcher.byPhoto(file, 3),
      await searcher.byPhoto(readFileSync(file), 3),
      await searcher.byRow(row, 3),
    ]) {
      expect(hits[0]).toMatchObject({ photo, row });
      expect(hits[0]?.score).toBeCloseTo(1, 5);
    }
  });

  it.each([
    ["", /the sentence is empty/],
    ["xyzzy plugh", /'xyzzy plugh': the model knows none of these words/],
  ])("says what is wrong with the sentence '%s'", async (sentence, message) => {
    const searcher = await openSearcher();
    await expect(searcher.bySentence(sentence, 3)).rejects.toMatchObject({
      code: "QUERY",
      message: expect.stringMatching(message),
    });
  });

  it("refuses rows that are not there, and pictures that are none, too large or no photo", async () => {
    const searcher = await openSearcher();
    await expect(searcher.byRow(40, 3)).rejects.toThrow(/photo 40: the index holds 40 photos/);
    await expect(searcher.byPhoto(Buffer.from("no picture"), 3)).rejects.toThrow(
      /the picture cannot be read/,
    );
    await expect(searcher.byPhoto(PIXEL_BOMB, 3)).rejects.toThrow(/pixel limit/);
    await expect(searcher.byPhoto(DRAWING, 3)).rejects.toThrow(/it is of the kind 'svg'/);
  });
});

describe("an approximate index", () => {
  it("finds what exact search finds, tells its recall and belongs to one index", async () => {
    const opened = await openIndex(index);
    const report = await buildGraph(opened, { threads });
    expect(report).toMatchObject({ vectors: 40, queries: 40, neighbours: 10 });
    expect(report.recall).toBeGreaterThan(0.9);
    const near = await openSearcher({ kind: "approximate" });
    const exact = await openSearcher({ kind: "exact" });
    const [one, other] = [await near.byRow(7, 3), await exact.byRow(7, 3)];
    expect(one.map(({ photo }) => photo)).toEqual(other.map(({ photo }) => photo));
    expect(near.approximate?.recall).toBe(report.recall);
    const copy = { ...opened, id: "another" };
    expect(() => openGraph(copy, threads)).toThrow(/built from another index/);
    writeFileSync(`${index}.graph`, "cut");
    expect(() => openGraph(opened, threads)).toThrow(
      /photos\.index\.graph: .*experiments:embed --approximate/,
    );
    await opened.close();
  });
});

describe("embedding a folder", () => {
  it("goes on after a stop at any part and gives the same index", async () => {
    const again = join(folder, "stopped.index");
    for (const stopAt of [8, 24]) {
      const stop = new AbortController();
      const onProgress = ({ done }: { done: number }): void => void (done >= stopAt && stop.abort());
      await expect(embed({ index: again, signal: stop.signal, onProgress })).rejects.toThrow(/abort/i);
      expect(existsSync(again)).toBe(false);
    }
    const resumed: number[] = [];
    await embed({ index: again, onProgress: (progress) => void resumed.push(progress.resumed) });
    expect(new Set(resumed)).toEqual(new Set([24]));
    const [one, other] = [await openIndex(index), await openIndex(again)];
    expect(other.names).toEqual(one.names);
    expect(await other.vectors.read(0, 40)).toEqual(await one.vectors.read(0, 40));
    await one.close();
    await other.close();
    expect(existsSync(`${again}.part`)).toBe(false);
  });

  it("skips what cannot be read, and says why", async () => {
    const photos = join(folder, "mixed");
    mkdirSync(join(photos, "below"), { recursive: true });
    copyFileSync(join(tiny.photos, "red-bar.png"), join(photos, "below", "good.png"));
    writeFileSync(join(photos, "text.jpg"), "not a picture");
    writeFileSync(join(photos, "bomb.png"), PIXEL_BOMB);
    writeFileSync(join(photos, "drawing.png"), DRAWING);
    const photo = await sharp(join(tiny.photos, "red-bar.png")).jpeg().toBuffer();
    writeFileSync(join(photos, "torn.jpg"), photo.subarray(0, photo.length >> 1));
    writeFileSync(join(photos, "notes.txt"), "passed over");
    symlinkSync(tiny.photos, join(photos, "link"));
    const outcome = await embed({ photos, index: join(folder, "mixed.index") });
    expect(outcome.embedded).toBe(1);
    expect(outcome.skipped).toEqual([
      { name: "bomb.png", reason: expect.stringContaining("pixel limit") },
      { name: "drawing.png", reason: "it is of the kind 'svg'" },
      { name: "text.jpg", reason: expect.stringContaining("unsupported image format") },
      { name: "torn.jpg", reason: expect.stringContaining("premature end") },
    ]);
  });

  it("refuses unfinished work of other photos, and folders without photos", async () => {
    const other = join(folder, "other.index");
    const stop = AbortSignal.abort();
    await expect(embed({ index: other, signal: stop })).rejects.toThrow(/abort/i);
    const photos = join(folder, "elsewhere");
    cpSync(tiny.photos, photos, { recursive: true });
    await expect(embed({ index: other, photos })).rejects.toMatchObject({ code: "INDEX" });
    const empty = join(folder, "empty");
    mkdirSync(empty);
    await expect(listPhotos(empty)).rejects.toThrow(/holds no photos/);
    await expect(listPhotos(join(folder, "gone"))).rejects.toThrow(/there is no such folder/);
  });

  it("never leaves the photo folder", async () => {
    symlinkSync(tiny.checkpoint, join(tiny.photos, "way-out.png"));
    onTestFinished(() => rmSync(join(tiny.photos, "way-out.png")));
    await expect(photoFile(tiny.photos, "../captions.csv")).rejects.toThrow(/lies outside the photo folder/);
    await expect(photoFile(tiny.photos, "way-out.png")).rejects.toThrow(/lies outside the photo folder/);
    await expect(photoFile(tiny.photos, "gone.png")).rejects.toThrow(/no such photo/);
    expect(await photoFile(tiny.photos, "red-bar.png")).toMatch(/red-bar\.png$/);
  });
});

describe("an index", () => {
  it("is refused when it is cut short anywhere, or is no index", async () => {
    const whole = readFileSync(index);
    const cut = join(folder, "cut.index");
    for (const length of [0, 7, 100, whole.length >> 1, whole.length - 1]) {
      writeFileSync(cut, whole.subarray(0, length));
      await expect(openIndex(cut)).rejects.toMatchObject({
        code: "INDEX",
        message: expect.stringContaining(cut),
      });
    }
    await expect(openIndex(tiny.checkpoint)).rejects.toThrow(/is no usable index/);
    await expect(openIndex(join(folder, "gone"))).rejects.toMatchObject({ code: "INDEX" });
  });

  it("is refused with another checkpoint than its own", async () => {
    const checkpoint = join(folder, "other.safetensors");
    const other = await trainTiny(folder, 2, 1);
    copyFileSync(other.checkpoint, checkpoint);
    const opening = Searcher.open(index, { threads, device: "cpu", checkpoint });
    await expect(opening).rejects.toThrow(/was made with another checkpoint/);
    copyFileSync(tiny.checkpoint, checkpoint);
    expect((await openSearcher({ checkpoint })).model.file).toBe(checkpoint);
  });
});
