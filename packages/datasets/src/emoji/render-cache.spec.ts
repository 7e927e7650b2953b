import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readAllArtwork, type ArtworkTable } from "./artwork.js";
import { readConcepts } from "./concepts.js";
import { openRenderCache } from "./render-cache.js";

const whole = readAllArtwork(readConcepts());
/** Every 200th picture, in two files. */
const documents = whole.documents.filter((_, index) => index % 200 === 0);
const imagesPerFile = 25;
const table: ArtworkTable = {
  documents,
  group: new Int32Array(documents.length),
  vendor: new Int32Array(documents.length),
};
/** Of the pinned sharp and packages; another value means other pixels. */
const CHECKSUM = "6cdfb2df0eebaefa72c8ce8ebf41f58a5e39672136c921aa69df035beb8e5860";
const size = 16;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "emoji-cache-"));
});
afterEach(() => rm(directory, { recursive: true }));

const open = async (options: { signal?: AbortSignal } = {}) => {
  const rendered: number[] = [];
  const onProgress = ({ done }: { done: number }) => void rendered.push(done);
  return {
    rendered,
    ...(await openRenderCache(table, { directory, size, imagesPerFile, onProgress, ...options })),
  };
};

it("renders the pixels that the checksum names", async () => {
  const { pixels, checksum } = await open();
  expect(pixels).toHaveLength(documents.length * size * size * 3);
  expect(checksum).toBe(CHECKSUM);
});

it("composes transparency on white", async () => {
  const { pixels } = await open();
  expect([...pixels.subarray(0, 3)]).toEqual([255, 255, 255]);
});

it("renders once and reads ever after", async () => {
  const first = await open();
  expect(first.rendered).toEqual([imagesPerFile, documents.length]);
  const second = await open();
  expect(second.rendered).toEqual([]);
  expect(second.checksum).toBe(first.checksum);
  expect(Buffer.compare(second.pixels, first.pixels)).toBe(0);
});

it("notices a damaged file and renders that one again", async () => {
  const first = await open();
  const path = join(directory, "16px", "images-01.rgb");
  const damaged = await readFile(path);
  damaged[100] = (damaged[100] as number) ^ 1;
  await writeFile(path, damaged);
  const second = await open();
  expect(second.rendered).toEqual([documents.length]);
  expect(Buffer.compare(second.pixels, first.pixels)).toBe(0);
  expect((await open()).rendered).toEqual([]);
});

it("notices a file that was cut short", async () => {
  await open();
  await truncate(join(directory, "16px", "images-00.rgb"), 1000);
  expect((await open()).rendered).toEqual([imagesPerFile]);
});

it("renders everything again where the manifest is unreadable or of other versions", async () => {
  await open();
  const path = join(directory, "16px", "manifest.json");
  const manifest = await readFile(path, "utf8");
  await writeFile(path, manifest.replace(/"source": "./, '"source": "_'));
  expect((await open()).rendered).toHaveLength(2);
  await writeFile(path, "{");
  expect((await open()).rendered).toHaveLength(2);
});

it("goes on where an interrupted rendering stopped", async () => {
  const controller = new AbortController();
  const onProgress = () => controller.abort();
  const interrupted = openRenderCache(table, {
    directory,
    size,
    imagesPerFile,
    onProgress,
    signal: controller.signal,
  });
  await expect(interrupted).rejects.toThrow(/abort/i);
  const { rendered, checksum } = await open();
  expect(rendered).toEqual([documents.length]);
  expect(checksum).toBe(CHECKSUM);
});

it("leaves no temporary file behind and records the versions", async () => {
  const { versions } = await open();
  expect((await readdir(join(directory, "16px"))).sort()).toEqual([
    "images-00.rgb",
    "images-01.rgb",
    "manifest.json",
  ]);
  expect(versions).toMatchObject({ sharp: "0.35.5", "@iconify-json/twemoji": "1.2.5" });
});

it("says which path cannot be written", async () => {
  const file = join(directory, "16px");
  await writeFile(file, "");
  expect((await stat(file)).isFile()).toBe(true);
  await expect(open()).rejects.toMatchObject({
    code: "CACHE_WRITE",
    message: expect.stringContaining(file) as string,
  });
});
