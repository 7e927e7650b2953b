import { z } from "zod";
import type { Check } from "../graph/check.js";
import type { Shape, TensorType } from "../graph/types.js";
import { count, pair, sides, unitPair, zeroSides } from "./attributes.js";

/** What the three convolution rows share. */
export const convolutionFields = {
  stride: pair.default(unitPair),
  pad: sides.default(zeroSides),
  dilation: pair.default(unitPair),
  groups: count.default(1),
};

/** Attributes of `conv2d`. */
export const convolutionAttributes = z.strictObject(convolutionFields);

export type ConvolutionAttributes = z.output<typeof convolutionAttributes>;

/** Attributes of the convolution alone, from those of a gradient row. */
export const baseAttributes = ({
  stride,
  pad,
  dilation,
  groups,
}: ConvolutionAttributes): ConvolutionAttributes => ({
  stride,
  pad,
  dilation,
  groups,
});

const outputSize = (input: number, before: number, after: number, kernel: number, stride: number): number =>
  Math.floor((input + before + after - kernel) / stride) + 1;

/** (H, W) that a window of `kernel` (rows, columns; dilation included) leaves; throws SHAPE when it does not fit. */
export const windowOutput = (
  check: Check,
  [height, width]: readonly [number, number],
  [kernelHeight, kernelWidth]: readonly [number, number],
  { stride, pad }: Pick<ConvolutionAttributes, "stride" | "pad">,
): [number, number] => {
  const rows = outputSize(height, pad[0], pad[1], kernelHeight, stride[0]);
  const columns = outputSize(width, pad[2], pad[3], kernelWidth, stride[1]);
  if (rows < 1 || columns < 1) {
    const padded = `${height + pad[0] + pad[1]} x ${width + pad[2] + pad[3]}`;
    check.shapeError("window", `at most the padded input ${padded}`, `${kernelHeight} x ${kernelWidth}`);
  }
  return [rows, columns];
};

/** Type of y for x (N, H, W, I) and w [O, I / groups, KH, KW]. */
export const convolutionOutput = (
  check: Check,
  x: TensorType,
  w: TensorType,
  attrs: ConvolutionAttributes,
): TensorType => {
  check.rank("x", x, 4);
  check.rank("w", w, 4);
  check.dtype("x", x, "f32", "bf16");
  check.dtype("w", w, x.dtype);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [outputs, groupInputs, kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  const { groups, dilation } = attrs;
  check.size(
    "input channels of w times groups",
    channels,
    groupInputs * groups,
    "w is [out, in / groups, KH, KW]",
  );
  check.size("remainder of output channels over groups", 0, outputs % groups);
  const kernel = [(kernelHeight - 1) * dilation[0] + 1, (kernelWidth - 1) * dilation[1] + 1] as const;
  return { shape: [batch, ...windowOutput(check, [height, width], kernel, attrs), outputs], dtype: x.dtype };
};

/** 2 operations per multiply-add; equal for the convolution and both its gradients. */
export const convolutionFlops = (y: Shape, w: Shape): number => {
  const [, groupInputs = 0, kernelHeight = 0, kernelWidth = 0] = w;
  return 2 * y.reduce((product, axis) => product * axis, 1) * groupInputs * kernelHeight * kernelWidth;
};

/**
 * Calls `visit` with the flat positions of x, w and y of every multiply-add of the convolution: the three
 * references are this loop with another accumulation.
 */
export const visitConvolution = (
  xShape: Shape,
  wShape: Shape,
  yShape: Shape,
  { stride, pad, dilation, groups }: ConvolutionAttributes,
  visit: (x: number, w: number, y: number) => void,
): void => {
  const [, height = 0, width = 0, channels = 0] = xShape;
  const [outputs = 0, groupInputs = 0, kernelHeight = 0, kernelWidth = 0] = wShape;
  const [batch = 0, rows = 0, columns = 0] = yShape;
  const groupOutputs = outputs / groups;
  for (let y = 0; y < batch * rows * columns * outputs; y++) {
    const output = y % outputs;
    const column = Math.floor(y / outputs) % columns;
    const row = Math.floor(y / (outputs * columns)) % rows;
    const image = Math.floor(y / (outputs * columns * rows));
    const firstInput = Math.floor(output / groupOutputs) * groupInputs;
    for (let tap = 0; tap < kernelHeight * kernelWidth; tap++) {
      const kernelRow = Math.floor(tap / kernelWidth);
      const sourceRow = row * stride[0] - pad[0] + kernelRow * dilation[0];
      const sourceColumn = column * stride[1] - pad[2] + (tap % kernelWidth) * dilation[1];
      if (sourceRow < 0 || sourceRow >= height || sourceColumn < 0 || sourceColumn >= width) continue;
      const x = ((image * height + sourceRow) * width + sourceColumn) * channels + firstInput;
      const w = output * groupInputs * kernelHeight * kernelWidth + tap;
      for (let input = 0; input < groupInputs; input++)
        visit(x + input, w + input * kernelHeight * kernelWidth, y);
    }
  }
};
