import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, expect } from "vitest";
import { DatasetError, type DatasetErrorCode } from "../errors.js";

/** A temporary folder that is removed after the spec file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "datasets-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files, by path below `folder`. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** A JPEG or PNG with a gradient and one colour, different for every `tint`. */
export async function pictureFile(
  format: "jpeg" | "png",
  { height = 12, width = 16, tint = 0 }: { height?: number; width?: number; tint?: number } = {},
): Promise<Buffer> {
  const pixels = Buffer.alloc(height * width * 3);
  for (let place = 0; place < pixels.length; place += 3) {
    const column = (place / 3) % width;
    const row = Math.floor(place / 3 / width);
    pixels[place] = (column * 255) / width;
    pixels[place + 1] = (row * 255) / height;
    pixels[place + 2] = (tint * 37) % 256;
  }
  return sharp(pixels, { raw: { height, width, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** Writes `count` pictures named 0.jpg, 1.jpg ... into `folder`. */
export async function writePictures(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let tint = 0; tint < count; tint++)
    await writeFile(join(folder, `${tint}.jpg`), await pictureFile("jpeg", { tint }));
}

/** The error a call throws; fails where it throws none or another kind. */
export async function datasetError(call: () => unknown): Promise<DatasetError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(DatasetError);
    return error as DatasetError;
  }
  throw new Error("expected a DatasetError, but nothing was thrown");
}

/** Expects a call to fail with a code and a message that names all of `parts`. */
export async function expectError(
  call: () => unknown,
  code: DatasetErrorCode,
  ...parts: string[]
): Promise<DatasetError> {
  const error = await datasetError(call);
  expect(error.code).toBe(code);
  for (const part of parts) expect(error.message).toContain(part);
  return error;
}

/** Everything an asynchronous iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
