import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError } from "../errors.js";
import { lookAhead } from "../loader/look-ahead.js";
import { decodeImage, decoderVersions, type DecodeOptions } from "./decode.js";
import { openPixelCache, type PixelCache, type PixelCacheOptions } from "./pixel-cache.js";

/** Image files to decode once. */
export interface DecodedImagesOptions extends Pick<
  PixelCacheOptions,
  "directory" | "concurrency" | "onProgress" | "signal" | "memoryLimit"
> {
  /** Absolute paths, in row order. */
  readonly files: readonly string[];
  readonly decode: DecodeOptions;
}

const FILES_AT_ONCE = 256;
/** Faulty images that are looked for before giving up. */
const FAULTS_LISTED = 20;

async function identityOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (let first = 0; first < files.length; first += FILES_AT_ONCE) {
    const chunk = files.slice(first, first + FILES_AT_ONCE);
    const found = await Promise.all(chunk.map((file) => stat(file).catch(() => undefined)));
    chunk.forEach((file, index) => hash.update(`${file}\0${found[index]?.size}\0${found[index]?.mtimeMs}\n`));
  }
  return hash.digest("hex");
}

async function faultOf(file: string, decode: DecodeOptions): Promise<DatasetError | undefined> {
  try {
    await decodeImage(file, decode);
    return undefined;
  } catch (error) {
    if (error instanceof DatasetError) return error;
    throw error;
  }
}

/** Looks on after the first faulty image, so that one error names them all (the first twenty). */
async function allFaults(first: DatasetError, options: DecodedImagesOptions): Promise<DatasetError> {
  const { files, decode, concurrency = 4, signal } = options;
  const rest = files.slice(files.indexOf(String(first.details.file)) + 1);
  const faults = [first];
  for await (const fault of lookAhead(
    rest.length,
    concurrency,
    (index) => faultOf(rest[index] as string, decode),
    signal,
  )) {
    if (fault) faults.push(fault);
    if (faults.length === FAULTS_LISTED) break;
  }
  if (faults.length === 1) return first;
  const code = faults.every((fault) => fault.code === first.code) ? first.code : "CORPUS_INVALID";
  const lines = faults.map(({ message }) => `  ${message}`);
  const more = faults.length === FAULTS_LISTED ? "at least " : "";
  return new DatasetError(code, `${more}${faults.length} images cannot be used\n${lines.join("\n")}`, {
    files: faults.map(({ details }) => details.file),
  });
}

/**
 * Decodes the files into a cache, or opens the one made before of the same files, size and decoder.
 * Errors: `IMAGE_MISSING`, `IMAGE_UNDECODABLE`, naming every faulty file (the first twenty); `CACHE_WRITE`.
 */
export async function decodedImages(options: DecodedImagesOptions): Promise<PixelCache> {
  const { files, decode, ...rest } = options;
  const [height, width] = decode.size;
  try {
    return await openPixelCache({
      ...rest,
      task: "decoding images",
      directory: join(options.directory, "images"),
      key: { files: await identityOf(files), size: decode.size, fit: decode.fit, ...decoderVersions },
      shape: [height, width, 3],
      count: files.length,
      render: (index) => decodeImage(files[index] as string, decode),
    });
  } catch (error) {
    if (!(error instanceof DatasetError) || !error.code.startsWith("IMAGE_")) throw error;
    throw await allFaults(error, options);
  }
}
