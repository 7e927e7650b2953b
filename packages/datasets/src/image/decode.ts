import { stat } from "node:fs/promises";
import sharp from "sharp";
import { DatasetError, isSystemError, messageOf } from "../errors.js";

/** "squash" stretches to the size; "cover" scales the shorter side to it and cuts the centre out. */
export type Fit = "squash" | "cover";

/** Size and fit of decoded images. */
export interface DecodeOptions {
  /** [height, width] in pixels. */
  readonly size: readonly [number, number];
  readonly fit: Fit;
}

/** Versions that decide about pixels: results differ between libvips releases. */
export const decoderVersions: Readonly<Record<string, string>> = {
  sharp: sharp.versions.sharp ?? "",
  vips: sharp.versions.vips,
};

// Parallelism is in the number of images in flight; a thread pool for each image only costs switches.
sharp.concurrency(1);
sharp.cache(false);

/** Most pixels of a picture that is decoded: what a large camera takes, and not what fills the memory. */
export const LARGEST_PHOTO = 150_000_000;

/** What a message calls a picture. */
const nameOf = (source: string | Uint8Array): string => (typeof source === "string" ? source : "the picture");

async function explainFailure(source: string | Uint8Array, error: unknown): Promise<DatasetError> {
  const file = nameOf(source);
  if (typeof source !== "string")
    return new DatasetError(
      "IMAGE_UNDECODABLE",
      `${file}: cannot be decoded (${messageOf(error).trim()})`,
      {},
      {
        cause: error,
      },
    );
  const missing = await stat(file).then(
    (found) => !found.isFile(),
    (cause: unknown) => isSystemError(cause, "ENOENT") || isSystemError(cause, "ENOTDIR"),
  );
  if (missing)
    return new DatasetError(
      "IMAGE_MISSING",
      `${file}: no such image; restore the file or take it out of the caption file`,
      { file },
      { cause: error },
    );
  return new DatasetError(
    "IMAGE_UNDECODABLE",
    `${file}: cannot be decoded (${messageOf(error).trim()}); replace the file or take it out of the caption file`,
    { file },
    { cause: error },
  );
}

/**
 * Reads an image file, or the bytes of one, as upright sRGB, uint8 [height, width, 3]; transparent places become white.
 * Errors: `IMAGE_MISSING`, `IMAGE_UNDECODABLE`, both naming the file.
 */
export async function decodeImage(source: string | Uint8Array, options: DecodeOptions): Promise<Uint8Array> {
  const [height, width] = options.size;
  try {
    const { data } = await sharp(source, { failOn: "error", limitInputPixels: LARGEST_PHOTO })
      .autoOrient()
      .resize({ width, height, fit: options.fit === "squash" ? "fill" : "cover", kernel: "cubic" })
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (data.length !== height * width * 3)
      throw new Error(`expected ${height * width * 3} bytes of RGB, got ${data.length}`);
    return data;
  } catch (error) {
    throw await explainFailure(source, error);
  }
}
