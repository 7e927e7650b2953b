import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { dualPath, imageTrunkFeatures, initialize, loadTrunk, Store, trunkFeatures } from "@dualpath/core";
import { decodeImage, type EntitiesImage, type ImageRows, type PixelBox } from "@dualpath/datasets";
import { canonicalJson } from "../config/identity.js";
import type { Device } from "../config/schema.js";
import { ExperimentError } from "../errors.js";
import type { LocalizationConfig } from "./config.js";

/** A box of a photo. */
export interface Region {
  readonly image: EntitiesImage;
  readonly box: PixelBox;
}

export interface RegionOptions {
  readonly config: LocalizationConfig["regions"];
  readonly device: Device;
  readonly threads: number;
  /** Folder of computed features. */
  readonly folder: string;
  readonly what: string;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

const BATCH = 32;
const REPORT_EVERY = 3200;

/** Features of the regions by a trunk, in their order; computed once for equal regions and weights. */
export async function regionFeatures(regions: readonly Region[], options: RegionOptions): Promise<ImageRows> {
  const dimension = imageTrunkFeatures(options.config.trunk);
  mkdirSync(options.folder, { recursive: true });
  const file = join(options.folder, `${keyOf(regions, options)}.f32`);
  if (!existsSync(file)) await compute(file, regions, options);
  return fileRows(file, regions.length, dimension);
}

function keyOf(regions: readonly Region[], { config }: RegionOptions): string {
  if (!existsSync(config.weights)) {
    const message = `${config.weights}: there are no such trunk weights. Correct regions.weights.`;
    throw new ExperimentError("DATA", message, { file: config.weights });
  }
  const { size, mtimeMs } = statSync(config.weights);
  const hash = createHash("sha256").update(canonicalJson({ ...config, size, mtimeMs }));
  for (const { image, box } of regions)
    hash.update(`${image.path} ${box.left} ${box.top} ${box.right} ${box.bottom}\n`);
  return hash.digest("hex").slice(0, 24);
}

async function compute(file: string, regions: readonly Region[], options: RegionOptions): Promise<void> {
  const { config, device, threads, what, onProgress, signal } = options;
  const { trunk, size } = config;
  const partial = `${file}.${randomUUID()}.partial`;
  const store = Store.open({ device, threads });
  const handle = await open(partial, "w");
  try {
    const text = { kind: "vector", dimension: 1 };
    const model = dualPath(
      { image: trunk, text, embedding: 1, classifier: "none" },
      { classes: 1, vocabulary: 0 },
    );
    await initialize(store, model, 0);
    await loadTrunk(store, model, config.weights);
    const images = { batches: (rows: number) => regionBatches(regions, rows, size) };
    let done = 0;
    for await (const rows of trunkFeatures(store, model, images, {
      batchSize: BATCH,
      source: [size, size],
      signal,
    })) {
      signal.throwIfAborted();
      await handle.writeFile(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
      done = Math.min(regions.length, done + BATCH);
      if (done % REPORT_EVERY === 0 || done === regions.length)
        onProgress(`${what}: features of ${done} of ${regions.length} regions`);
    }
    await handle.close();
    await rename(partial, file);
  } finally {
    await handle.close();
    await rm(partial, { force: true });
    await store.dispose();
  }
}

/** Crops as the trunk takes them: the photo of each region, squashed to a square, with the box in its pixels. */
async function* regionBatches(regions: readonly Region[], rows: number, size: number) {
  let last: { path: string; pixels: Uint8Array } | undefined;
  for (let first = 0; first < regions.length; first += rows) {
    const part = regions.slice(first, first + rows);
    const image = new Uint8Array(part.length * size * size * 3);
    const box = new Float32Array(part.length * 5);
    for (const [row, region] of part.entries()) {
      const path = region.image.path ?? "";
      if (last?.path !== path)
        last = { path, pixels: await decodeImage(path, { size: [size, size], fit: "squash" }) };
      image.set(last.pixels, row * size * size * 3);
      box.set(squashed(region, size), row * 5);
    }
    yield { image, box, count: part.length };
  }
}

/** top, left, height, width and no flip, from 1-based inclusive pixels of the photo. */
export function squashed({ image, box }: Region, size: number): [number, number, number, number, number] {
  const [down, across] = [size / image.height, size / image.width];
  const [top, left] = [(box.top - 1) * down, (box.left - 1) * across];
  return [top, left, (box.bottom - box.top + 1) * down, (box.right - box.left + 1) * across, 0];
}

/** Float32 rows [count, dimension] of a file, read by position. */
async function fileRows(file: string, count: number, dimension: number): Promise<ImageRows> {
  const handle = await open(file, "r");
  const bytes = dimension * 4;
  if ((await handle.stat()).size !== count * bytes) {
    await handle.close();
    throw new ExperimentError("DATA", `${file} is no file of ${count} regions; delete it.`, { file });
  }
  return {
    kind: "features",
    count,
    shape: [dimension],
    read: async (rows) => {
      const target = new Float32Array(rows.length * dimension);
      const view = new Uint8Array(target.buffer);
      for (let index = 0; index < rows.length; index++)
        await handle.read(view, index * bytes, bytes, rows[index]! * bytes);
      return target;
    },
    close: () => handle.close(),
  };
}

/** The rows of one behind those of the other. */
export function joinedRows(first: ImageRows, second: ImageRows): ImageRows {
  const [width] = first.shape as [number];
  return {
    kind: "features",
    count: first.count + second.count,
    shape: first.shape,
    read: async (rows) => {
      const target = new Float32Array(rows.length * width);
      for (const [place, row] of Array.from(rows).entries()) {
        const own = row < first.count ? first.read([row]) : second.read([row - first.count]);
        target.set((await own) as Float32Array, place * width);
      }
      return target;
    },
    close: async () => void (await Promise.all([first.close(), second.close()])),
  };
}
