import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";
import { pair } from "./attributes.js";

const perChannel = z.tuple([z.number(), z.number(), z.number()]).readonly();
const boxFields = 5;

interface Sample {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

/** The two source positions and the weight of the second for output `index`, clamped to the image. */
const sampleAt = (index: number, origin: number, extent: number, outputs: number, limit: number): Sample => {
  const position = Math.min(limit - 1, Math.max(0, origin + ((index + 0.5) * extent) / outputs - 0.5));
  const low = Math.floor(position);
  return { low, high: Math.min(low + 1, limit - 1), weight: position - low };
};

const attributes = z.strictObject({ size: pair, mean: perChannel, scale: perChannel });

export const cropResizeOp = defineOp({
  name: "cropResize",
  inputs: ["image", "box"],
  outputs: ["y"],
  attrs: attributes,
  infer: ({ image, box }, { size }, check) => {
    check.rank("image", image, 4);
    check.dtype("image", image, "u8");
    check.size("channels of image", 3, image.shape[3]!);
    check.shape("box", box, [image.shape[0]!, boxFields], "top, left, height, width, flip");
    check.dtype("box", box, "f32");
    return [{ shape: [image.shape[0]!, ...size, 3], dtype: "f32" }];
  },
  reference: ({ image, box }, { size, mean, scale }, [output]) => {
    const [, height = 0, width = 0, channels = 0] = image.shape;
    const [rows, columns] = size;
    const y = new Float64Array(elementCount(output!.shape));
    return [
      y.map((_, index) => {
        const channel = index % channels;
        const column = Math.floor(index / channels) % columns;
        const row = Math.floor(index / (channels * columns)) % rows;
        const batch = Math.floor(index / (channels * columns * rows));
        const field = (k: number): number => box.data[batch * boxFields + k]!;
        const source = field(4) === 0 ? column : columns - 1 - column;
        const vertical = sampleAt(row, field(0), field(2), rows, height);
        const horizontal = sampleAt(source, field(1), field(3), columns, width);
        const pixel = (r: number, c: number): number =>
          image.data[((batch * height + r) * width + c) * channels + channel]!;
        const mix = (r: number): number =>
          pixel(r, horizontal.low) * (1 - horizontal.weight) + pixel(r, horizontal.high) * horizontal.weight;
        const value = mix(vertical.low) * (1 - vertical.weight) + mix(vertical.high) * vertical.weight;
        return (value - mean[channel]!) * scale[channel]!;
      }),
    ];
  },
  flops: (_, _attrs, [y]) => 10 * elementCount(y!.shape),
});

/**
 * Cuts a box out of every image u8 (N, H, W, 3), resizes it to `size` (bilinear, pixel centres at half),
 * mirrors it when asked and normalises: f32 (N, h, w, 3) = (value - mean) * scale. `box` f32 [N, 5] holds
 * top, left, height, width in source pixels and flip (0 or 1); samples outside the image repeat its edge.
 * Throws SHAPE or DTYPE for other inputs, ATTRIBUTE for a size below 1, GRAPH for values of two graphs.
 */
export const cropResize = (
  image: Value,
  box: Value,
  attrs: z.input<typeof attributes>,
  name?: string,
): Value => apply(cropResizeOp, { image, box }, attrs, name).y;
