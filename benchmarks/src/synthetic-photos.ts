import { readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { numbers } from "./workloads/synthetic.js";

/** Size of a photo of Flickr30k. */
const [width, height] = [500, 375];
/** Cells a side of the noise that is laid over one another, and how strong each one is: coarse shapes, some grain. */
const octaves = [
  { cells: 4, strength: 0.5 },
  { cells: 16, strength: 0.25 },
  { cells: 64, strength: 0.15 },
  { cells: 250, strength: 0.1 },
];

async function photo(value: () => number): Promise<Uint8Array> {
  const pixels = new Float32Array(width * height * 3);
  for (const { cells, strength } of octaves) {
    const noise = Uint8Array.from({ length: cells * cells * 3 }, value);
    const layer = await sharp(noise, { raw: { width: cells, height: cells, channels: 3 } })
      .resize({ width, height, fit: "fill", kernel: "cubic" })
      .raw()
      .toBuffer();
    layer.forEach((byte, index) => (pixels[index]! += strength * byte));
  }
  return Uint8Array.from(pixels);
}

/** Writes `count` JPEG files of the size and about the detail of photos into `folder`. */
export async function writePhotos(folder: string, count: number): Promise<void> {
  const value = numbers(256);
  for (let index = 0; index < count; index++)
    await sharp(await photo(value), { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 90 })
      .toFile(join(folder, `${index}.jpg`));
}

/** The files of {@link writePhotos}. */
export function photoFiles(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}
