import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { DatasetError, isSystemError, messageOf } from "../errors.js";
import { fileImages, memoryImages, rowSize, type ImageRows } from "../loader/image-rows.js";
import { lookAhead } from "../loader/look-ahead.js";

/** Caches up to this size are held in memory, larger ones are read by position. */
const MEMORY_LIMIT = 512 * 1024 * 1024;
/** Larger caches are opened by their size alone: reading them whole would take longer than a short run. */
const CHECKSUM_LIMIT = 4 * 1024 ** 3;
const PIXELS = "images.u8";
const MANIFEST = "manifest.json";

const manifestSchema = z.strictObject({
  version: z.literal(1),
  key: z.unknown(),
  count: z.number().int().nonnegative(),
  shape: z.tuple([z.number().int().positive(), z.number().int().positive(), z.literal(3)]),
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
});
type Manifest = z.infer<typeof manifestSchema>;

/** Progress of work over many records. */
export interface Progress {
  readonly task: string;
  readonly done: number;
  readonly total: number;
}

/** What to cache and how to make it. */
export interface PixelCacheOptions {
  /** Folder of caches; this one gets a subfolder named after the checksum of `key`. */
  readonly directory: string;
  /** Everything that decides about the pixels, as JSON: another key is another cache. */
  readonly key: unknown;
  readonly shape: readonly [number, number, 3];
  readonly count: number;
  /** uint8 [H, W, 3] of one image. */
  readonly render: (index: number) => Promise<Uint8Array>;
  /** Images in flight; default: the processor's parallelism. */
  readonly concurrency?: number;
  readonly task?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Bytes up to which the cache is held in memory; default 512 MiB. */
  readonly memoryLimit?: number;
}

/** An opened cache. */
export interface PixelCache {
  readonly images: ImageRows;
  /** sha256 of the pixels. */
  readonly checksum: string;
  readonly directory: string;
  /** False when the images were made by this call. */
  readonly reused: boolean;
}

async function checksumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function readManifest(directory: string, options: PixelCacheOptions): Promise<Manifest | undefined> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(directory, MANIFEST), "utf8")));
    const fits = manifest.count === options.count && manifest.shape.join() === options.shape.join();
    return fits ? manifest : undefined;
  } catch {
    return undefined;
  }
}

async function loadCache(directory: string, options: PixelCacheOptions): Promise<PixelCache | undefined> {
  const manifest = await readManifest(directory, options);
  if (!manifest) return undefined;
  const path = join(directory, PIXELS);
  const bytes = options.count * rowSize(options.shape);
  const size = await stat(path).then(
    (found) => found.size,
    () => -1,
  );
  const checked = bytes <= CHECKSUM_LIMIT;
  if (size !== bytes || (checked && (await checksumOf(path)) !== manifest.checksum)) return undefined;
  const inMemory = bytes <= (options.memoryLimit ?? MEMORY_LIMIT);
  const { checksum } = manifest;
  const rows = inMemory
    ? memoryImages(await readFile(path), options.shape)
    : await fileImages(path, options.shape);
  return { images: { ...rows, checksum }, checksum, directory, reused: true };
}

async function writePixels(path: string, options: PixelCacheOptions): Promise<string> {
  const { count, render, onProgress, signal, task = "images" } = options;
  const hash = createHash("sha256");
  const size = rowSize(options.shape);
  const file = await open(path, "w");
  try {
    let done = 0;
    const inFlight = options.concurrency ?? 2 * availableParallelism();
    for await (const pixels of lookAhead(count, inFlight, render, signal)) {
      if (pixels.length !== size)
        throw new DatasetError("OPTION", `image ${done}: expected ${size} bytes, got ${pixels.length}`);
      hash.update(pixels);
      await file.writeFile(pixels);
      onProgress?.({ task, done: ++done, total: count });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

/** Takes a finished folder's name; a folder made meanwhile by another process wins, since it holds the same. */
async function publish(partial: string, directory: string): Promise<void> {
  try {
    await rename(partial, directory);
  } catch (error) {
    if (!isSystemError(error, "ENOTEMPTY") && !isSystemError(error, "EEXIST")) throw error;
    await rm(partial, { recursive: true, force: true });
  }
}

async function writeCache(directory: string, options: PixelCacheOptions): Promise<void> {
  const partial = `${directory}.${randomUUID()}.${process.pid}.partial`;
  try {
    await mkdir(partial, { recursive: true });
    const checksum = await writePixels(join(partial, PIXELS), options);
    const manifest = { version: 1, key: options.key, count: options.count, shape: options.shape, checksum };
    await writeFile(join(partial, MANIFEST), JSON.stringify(manifest, null, 2));
    await publish(partial, directory);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new DatasetError(
      "CACHE_WRITE",
      `${directory}: the image cache cannot be written (${messageOf(error)}); ` +
        `it needs ${options.count * rowSize(options.shape)} bytes in a writable folder`,
      { directory },
      { cause: error },
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, "EPERM");
  }
}

/** Removes what processes that died while caching left behind. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = /\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/**
 * Opens the cache of `key`, making it first where it is missing or damaged. It is written under a temporary name and
 * renamed when complete, so an interrupted run leaves nothing half-made. Errors: those of `render`, `CACHE_WRITE`.
 */
export async function openPixelCache(options: PixelCacheOptions): Promise<PixelCache> {
  const { key, shape, count } = options;
  const name = createHash("sha256").update(JSON.stringify({ key, shape, count })).digest("hex").slice(0, 24);
  const directory = join(options.directory, name);
  const found = await loadCache(directory, options);
  if (found) return found;
  await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  await removeLeftovers(options.directory);
  await writeCache(directory, options);
  const made = await loadCache(directory, options);
  if (!made)
    throw new DatasetError("CACHE_WRITE", `${directory}: the image cache does not read back as written`, {
      directory,
    });
  return { ...made, reused: false };
}
