import { z } from "zod";
import type { Check } from "../graph/check.js";
import type { Shape, TensorType } from "../graph/types.js";
import { pair, sides, zeroSides } from "./attributes.js";
import { windowOutput } from "./convolution.js";

/** What the windowed pooling rows share. */
export const poolingFields = { window: pair, stride: pair, pad: sides.default(zeroSides) };

/** Attributes of `maxPool`. */
export const poolingAttributes = z.strictObject(poolingFields);

export type PoolingAttributes = z.output<typeof poolingAttributes>;

/** Shape of the pooled x (N, H, W, C). */
export const pooledShape = (check: Check, x: TensorType, attrs: PoolingAttributes): Shape => {
  check.rank("x", x, 4);
  check.dtype("x", x, "f32", "bf16");
  const { window, pad } = attrs;
  if (pad[0] >= window[0] || pad[1] >= window[0] || pad[2] >= window[1] || pad[3] >= window[1])
    check.attributeError("pad", `less than the window ${window.join(" x ")}`, pad.join(", "));
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return [batch, ...windowOutput(check, [height, width], window, attrs), channels];
};

/** Calls `visit` with the flat positions of y and x of every element of every window, row by row. */
export const visitWindows = (
  xShape: Shape,
  yShape: Shape,
  { window, stride, pad }: PoolingAttributes,
  visit: (y: number, x: number) => void,
): void => {
  const [, height = 0, width = 0, channels = 0] = xShape;
  const [batch = 0, rows = 0, columns = 0] = yShape;
  for (let y = 0; y < batch * rows * columns * channels; y++) {
    const channel = y % channels;
    const column = Math.floor(y / channels) % columns;
    const row = Math.floor(y / (channels * columns)) % rows;
    const image = Math.floor(y / (channels * columns * rows));
    for (let tap = 0; tap < window[0] * window[1]; tap++) {
      const sourceRow = row * stride[0] - pad[0] + Math.floor(tap / window[1]);
      const sourceColumn = column * stride[1] - pad[2] + (tap % window[1]);
      if (sourceRow < 0 || sourceRow >= height || sourceColumn < 0 || sourceColumn >= width) continue;
      visit(y, ((image * height + sourceRow) * width + sourceColumn) * channels + channel);
    }
  }
};

/** dx of a pooling that chose one position (h * W + w in the plane) per output. */
export const scatterByArgmax = (dy: Float64Array, argmax: Float64Array, inputShape: Shape): Float64Array => {
  const [batch = 0, height = 0, width = 0, channels = 0] = inputShape;
  const dx = new Float64Array(batch * height * width * channels);
  const perImage = dy.length / batch;
  dy.forEach((value, index) => {
    const image = Math.floor(index / perImage);
    dx[(image * height * width + argmax[index]!) * channels + (index % channels)]! += value;
  });
  return dx;
};
