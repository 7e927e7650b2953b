/** Random crops of training images, as in paper A: area share, aspect jitter, mirror. */
export interface CropAugmentation {
  /** Share of the source area, [least, most] within (0, 1]. */
  readonly area: readonly [number, number];
  /** Width over height, [least, most], drawn log-uniformly from what fits. */
  readonly aspect: readonly [number, number];
  /** Probability of mirroring. */
  readonly flip: number;
}

/** Paper A, section 1.2: area 0.8 to 1, aspect 3/4 to 4/3, mirrored every other time. */
export const paperCrop: CropAugmentation = { area: [0.8, 1], aspect: [3 / 4, 4 / 3], flip: 0.5 };

/** Draws that {@link randomBox} takes. */
export const BOX_DRAWS = 5;

/** Values of a box: top, left, height, width, flip. */
export const BOX_SIZE = 5;

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** Writes one random crop of an image of `height` x `width`; `uniform(k)` for k in 0 .. 4 lies in [0, 1). */
export function randomBox(
  target: Float32Array,
  index: number,
  [height, width]: readonly [number, number],
  crop: CropAugmentation,
  uniform: (which: number) => number,
): void {
  const area = height * width * (crop.area[0] + uniform(0) * (crop.area[1] - crop.area[0]));
  const narrowest = area / (height * height);
  const widest = (width * width) / area;
  const low = Math.log(clamp(crop.aspect[0], narrowest, widest));
  const high = Math.log(clamp(crop.aspect[1], narrowest, widest));
  const aspect = Math.exp(low + uniform(1) * (high - low));
  const boxHeight = Math.min(height, Math.sqrt(area / aspect));
  const boxWidth = Math.min(width, Math.sqrt(area * aspect));
  const top = uniform(2) * (height - boxHeight);
  const left = uniform(3) * (width - boxWidth);
  target.set([top, left, boxHeight, boxWidth, uniform(4) < crop.flip ? 1 : 0], index * BOX_SIZE);
}

/** `count` equal boxes: the centre, `area` (0, 1] of the image at its own aspect; float32 [count, 5]. */
export function centreBoxes(
  count: number,
  [height, width]: readonly [number, number],
  area = 1,
  flip = false,
): Float32Array {
  const scale = Math.sqrt(area);
  const margin = (1 - scale) / 2;
  const box = [margin * height, margin * width, scale * height, scale * width, flip ? 1 : 0];
  return Float32Array.from({ length: count * BOX_SIZE }, (_, index) => box[index % BOX_SIZE] as number);
}
