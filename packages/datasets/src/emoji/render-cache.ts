import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DatasetError, messageOf } from "../errors.js";
import type { ArtworkTable } from "./artwork.js";
import { packageVersions } from "./packages.js";
import { rendererVersions, renderAll } from "./render.js";

/** Images a file: what an interrupted rendering may lose. */
const IMAGES_PER_FILE = 512;
const FORMAT = 1;

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Checksum over versions, size and the SVG documents: what the pixels are a function of. */
  source: z.string(),
  versions: z.record(z.string(), z.string()),
  count: z.int(),
  size: z.int(),
  /** SHA-256 of each file's bytes; "" where it is still to be rendered. */
  files: z.array(z.string()),
  /** SHA-256 over `files`: the checksum of all pixels. */
  checksum: z.string(),
});
type Manifest = z.output<typeof manifestSchema>;

/** How far rendering is. */
export interface RenderProgress {
  readonly done: number;
  readonly total: number;
}

/** What {@link openRenderCache} takes. */
export interface RenderCacheOptions {
  /** Folder of the cache; made where missing. */
  readonly directory: string;
  /** Edge length in pixels. */
  readonly size: number;
  /** Default 512. */
  readonly imagesPerFile?: number;
  readonly onProgress?: ((progress: RenderProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rendered pixels and the checksum that identifies them. */
export interface RenderedImages {
  /** uint8 [n, size, size, 3]. */
  readonly pixels: Uint8Array;
  /** SHA-256 in hexadecimal. */
  readonly checksum: string;
  /** Exact versions of the packages and the renderer. */
  readonly versions: Readonly<Record<string, string>>;
}

const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");

function emptyManifest(table: ArtworkTable, size: number, imagesPerFile: number): Manifest {
  const versions = { ...packageVersions(), ...rendererVersions };
  const hash = createHash("sha256").update(JSON.stringify([FORMAT, versions, size]));
  for (const { svg } of table.documents) hash.update(svg);
  const count = table.documents.length;
  const files = Array.from({ length: Math.ceil(count / imagesPerFile) }, () => "");
  return { format: FORMAT, source: hash.digest("hex"), versions, count, size, files, checksum: "" };
}

/** The manifest on disk if it describes the same pixels, else an empty one. */
async function readManifest(path: string, expected: Manifest): Promise<Manifest> {
  const text = await readFile(path, "utf8").catch(() => "null");
  try {
    const manifest = manifestSchema.parse(JSON.parse(text));
    const fits = manifest.source === expected.source && manifest.files.length === expected.files.length;
    return fits ? manifest : expected;
  } catch {
    return expected;
  }
}

async function attempt<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const message = `emoji cache: cannot write ${path}: ${messageOf(error)}; free space or choose another folder`;
    throw new DatasetError("CACHE_WRITE", message, { path }, { cause: error });
  }
}

async function writeAtomically(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await attempt(path, async () => {
    await writeFile(temporary, data);
    await rename(temporary, path);
  });
}

async function readIntact(path: string, checksum: string): Promise<Uint8Array | undefined> {
  if (checksum === "") return undefined;
  const data = await readFile(path).catch(() => undefined);
  return data !== undefined && sha256(data) === checksum ? data : undefined;
}

/**
 * Opens the rendered corpus in `directory`. Files that are missing, damaged or of other versions are rendered (again);
 * each is written in one move and noted at once, so an interrupted rendering goes on where it stopped.
 */
export async function openRenderCache(
  table: ArtworkTable,
  options: RenderCacheOptions,
): Promise<RenderedImages> {
  const { directory, size, imagesPerFile = IMAGES_PER_FILE, onProgress, signal } = options;
  const folder = join(directory, `${size}px`);
  await attempt(folder, () => mkdir(folder, { recursive: true }));
  const manifestPath = join(folder, "manifest.json");
  const manifest = await readManifest(manifestPath, emptyManifest(table, size, imagesPerFile));
  const pixels = new Uint8Array(manifest.count * size * size * 3);
  const files = [...manifest.files];
  for (const [index, checksum] of files.entries()) {
    signal?.throwIfAborted();
    const first = index * imagesPerFile;
    const path = join(folder, `images-${String(index).padStart(2, "0")}.rgb`);
    let chunk = await readIntact(path, checksum);
    if (chunk === undefined) {
      chunk = await renderAll(table.documents.slice(first, first + imagesPerFile), size);
      await writeAtomically(path, chunk);
      files[index] = sha256(chunk);
      await writeAtomically(manifestPath, JSON.stringify({ ...manifest, files, checksum: "" }, null, 2));
      onProgress?.({ done: Math.min(first + imagesPerFile, manifest.count), total: manifest.count });
    }
    pixels.set(chunk, first * size * size * 3);
  }
  const checksum = sha256(files.join("\n"));
  if (manifest.checksum !== checksum)
    await writeAtomically(manifestPath, JSON.stringify({ ...manifest, files, checksum }, null, 2));
  return { pixels, checksum, versions: manifest.versions };
}
