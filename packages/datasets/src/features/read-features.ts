import { open, type FileHandle } from "node:fs/promises";
import { DatasetError, isSystemError } from "../errors.js";
import { featureImages, type ImageRows } from "../loader/image-rows.js";
import { decodeHeader, sha256, type FeatureHeader } from "./feature-file.js";

const LARGEST_HEADER = 256 * 1024 * 1024;

function malformed(file: string, what: string): DatasetError {
  return new DatasetError("FEATURES_FORMAT", `${file}: ${what}; compute the features again`, { file });
}

async function readBytes(
  handle: FileHandle,
  file: string,
  length: number,
  position: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw malformed(file, `ends at byte ${position + done}`);
    done += bytesRead;
  }
  return bytes;
}

async function openFeatures(file: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new DatasetError("FILE_MISSING", `${file}: no such features file; compute the features first`, {
      file,
    });
  }
}

/** Row of the file for each image of the corpus. */
function matchRows(file: string, header: FeatureHeader, imageNames: readonly string[]): Int32Array {
  const rowOf = new Map(header.names.map((name, row) => [name, row]));
  const missing = imageNames.filter((name) => !rowOf.has(name));
  if (missing.length === 0) return Int32Array.from(imageNames, (name) => rowOf.get(name) as number);
  throw new DatasetError(
    "FEATURES_MISMATCH",
    `${file}: has no features of ${missing.length} of ${imageNames.length} images, for example ${missing[0]}; ` +
      `it was made of another corpus or image list, compute the features again`,
    { file, missing },
  );
}

async function readData(file: string): Promise<{ header: FeatureHeader; values: Float32Array }> {
  const handle = await openFeatures(file);
  try {
    const { size } = await handle.stat();
    const length = size < 8 ? 0 : Number((await readBytes(handle, file, 8, 0)).readBigUInt64LE(0));
    if (length < 2 || length > Math.min(size - 8, LARGEST_HEADER))
      throw malformed(file, "has no readable header");
    const header = decodeHeader(file, (await readBytes(handle, file, length, 8)).toString("utf8"));
    const bytes = header.names.length * header.dimension * 4;
    if (size !== 8 + length + bytes)
      throw malformed(file, `expected ${8 + length + bytes} bytes, got ${size}`);
    const data = await readBytes(handle, file, bytes, 8 + length);
    if (sha256(data) !== header.checksum) throw malformed(file, "the data does not match its checksum");
    return { header, values: new Float32Array(data.buffer, data.byteOffset, bytes / 4) };
  } finally {
    await handle.close();
  }
}

/**
 * Precomputed features of the images of a corpus, in the corpus's row order. The file may hold more images and in any
 * order. Errors: `FILE_MISSING`, `FEATURES_FORMAT` (damaged), `FEATURES_MISMATCH` (an image has no features).
 */
export async function readFeatures(file: string, imageNames: readonly string[]): Promise<ImageRows> {
  const { header, values } = await readData(file);
  const rows = matchRows(file, header, imageNames);
  const stored = featureImages(values, header.dimension);
  return {
    ...stored,
    count: rows.length,
    read: (wanted) => stored.read(Int32Array.from(wanted, (row) => rows[row] as number)),
  };
}
