import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { expectError, temporaryFolder } from "../testing/fixtures.js";
import { openPixelCache, type PixelCacheOptions } from "./pixel-cache.js";

const root = await temporaryFolder();
let folders = 0;
const newFolder = () => join(root, String(folders++));
const draw = async (index: number) => new Uint8Array(12).fill(index + 1);

function options(directory: string, changes: Partial<PixelCacheOptions> = {}): PixelCacheOptions {
  return { directory, key: { what: "squares" }, shape: [2, 2, 3], count: 6, render: draw, ...changes };
}

const rowsOf = async (cache: Awaited<ReturnType<typeof openPixelCache>>) =>
  [...(await cache.images.read([5, 0, 3]))].filter((_, place) => place % 12 === 0);

it("renders once, then reuses what is on disk", async () => {
  const directory = newFolder();
  const first = await openPixelCache(options(directory));
  let rendered = 0;
  const second = await openPixelCache(
    options(directory, { render: async (index) => (rendered++, draw(index)) }),
  );
  expect([first.reused, second.reused, rendered]).toEqual([false, true, 0]);
  expect(second.checksum).toBe(first.checksum);
  const bytes = Buffer.concat(await Promise.all([0, 1, 2, 3, 4, 5].map(draw)));
  expect(second.checksum).toBe(createHash("sha256").update(bytes).digest("hex"));
});

it("reads the same rows from memory and from the file", async () => {
  const directory = newFolder();
  const memory = await openPixelCache(options(directory));
  const file = await openPixelCache(options(directory, { memoryLimit: 0 }));
  expect(await rowsOf(memory)).toEqual([6, 1, 4]);
  expect(await rowsOf(file)).toEqual([6, 1, 4]);
  await file.images.close();
});

it("keeps caches of different keys apart", async () => {
  const directory = newFolder();
  await openPixelCache(options(directory));
  const other = await openPixelCache(options(directory, { key: { what: "circles" } }));
  expect(other.reused).toBe(false);
  expect(await readdir(directory)).toHaveLength(2);
});

const damages: Record<string, (cache: string) => Promise<void>> = {
  "a changed byte": async (cache) => {
    const pixels = await readFile(join(cache, "images.u8"));
    pixels[17]! ^= 1;
    await writeFile(join(cache, "images.u8"), pixels);
  },
  "a truncated file": (cache) => truncate(join(cache, "images.u8"), 30),
  "a missing file": (cache) => rm(join(cache, "images.u8")),
  "a broken manifest": (cache) => writeFile(join(cache, "manifest.json"), '{"version": 1'),
};

it.each(Object.entries(damages))("makes the cache again after %s", async (_, damage) => {
  const directory = newFolder();
  const { directory: cache } = await openPixelCache(options(directory));
  await damage(cache);
  const repaired = await openPixelCache(options(directory));
  expect(repaired.reused).toBe(false);
  expect(await rowsOf(repaired)).toEqual([6, 1, 4]);
});

it("leaves nothing behind when an image fails or the user stops", async () => {
  const directory = newFolder();
  const failing = async (index: number) => {
    if (index === 4) throw new Error("cannot draw 4");
    return draw(index);
  };
  await expect(openPixelCache(options(directory, { render: failing }))).rejects.toThrow("cannot draw 4");
  const controller = new AbortController();
  const stopping = async (index: number) => {
    if (index === 2) controller.abort(new Error("stopped"));
    return draw(index);
  };
  const stopped = openPixelCache(options(directory, { render: stopping, signal: controller.signal }));
  await expect(stopped).rejects.toThrow("stopped");
  expect(await readdir(directory)).toEqual([]);
});

it("clears away what a killed process left, but not what a living one is writing", async () => {
  const directory = newFolder();
  await mkdir(join(directory, "old.999999999.partial"), { recursive: true });
  await mkdir(join(directory, `new.${process.ppid}.partial`));
  await openPixelCache(options(directory));
  const names = await readdir(directory);
  expect(names).not.toContain("old.999999999.partial");
  expect(names).toContain(`new.${process.ppid}.partial`);
});

it("serves callers that make the same cache at the same time", async () => {
  const directory = newFolder();
  const slow = async (index: number) => (await wait(1), draw(index));
  const caches = await Promise.all([1, 2, 3].map(() => openPixelCache(options(directory, { render: slow }))));
  for (const cache of caches) expect(await rowsOf(cache)).toEqual([6, 1, 4]);
  expect(await readdir(directory)).toHaveLength(1);
});

it("keeps to the number of images in flight and reports progress", async () => {
  let running = 0;
  let most = 0;
  const render = async (index: number) => {
    most = Math.max(most, ++running);
    await wait(1);
    running--;
    return draw(index);
  };
  const progress: string[] = [];
  const onProgress = ({ task, done, total }: { task: string; done: number; total: number }) =>
    progress.push(`${task} ${done}/${total}`);
  await openPixelCache(options(newFolder(), { render, concurrency: 2, task: "drawing", onProgress }));
  expect(most).toBe(2);
  expect(progress).toEqual([1, 2, 3, 4, 5, 6].map((done) => `drawing ${done}/6`));
});

it("names the folder that it cannot write to", async () => {
  const file = join(root, "a-file");
  await writeFile(file, "");
  await expectError(() => openPixelCache(options(join(file, "cache"))), "CACHE_WRITE", file, "72 bytes");
});

it("refuses an image of another size", async () => {
  const render = async () => new Uint8Array(11);
  await expectError(
    () => openPixelCache(options(newFolder(), { render })),
    "OPTION",
    "expected 12 bytes, got 11",
  );
});
