import { DatasetError } from "../errors.js";
import { rowSize, type ImageRows } from "../loader/image-rows.js";

const ROWS_AT_ONCE = 32;

/** Mean R, G and B in 0 .. 255 over the given rows of a pixel source (paper A subtracts the training images' mean). */
export async function channelMean(images: ImageRows, rows: Int32Array): Promise<[number, number, number]> {
  if (images.kind !== "pixels" || rows.length === 0)
    throw new DatasetError("OPTION", "channel mean: expected at least one image of pixels");
  const sums: [number, number, number] = [0, 0, 0];
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
    const pixels = await images.read(rows.subarray(first, first + ROWS_AT_ONCE));
    for (let place = 0; place < pixels.length; place += 3) {
      sums[0] += pixels[place] as number;
      sums[1] += pixels[place + 1] as number;
      sums[2] += pixels[place + 2] as number;
    }
  }
  const count = (rows.length * rowSize(images.shape)) / 3;
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}
