import type { Value } from "../graph/graph.js";
import { add, relu6 } from "../ops/index.js";
import { batchNormalization, type BatchNormOptions } from "./batch-norm.js";
import type { BuildContext } from "./context.js";
import { convolution } from "./convolution.js";
import type { Initializer } from "./initializers.js";

export interface ConvolutionRelu6Options {
  readonly channels: number;
  /** Side of the square window, which is padded to keep the plane at stride 1. */
  readonly kernel: number;
  readonly stride: number;
  readonly groups?: number;
  readonly initializer: Initializer;
  readonly batchNorm: BatchNormOptions;
}

export interface InvertedResidualOptions {
  /** Channels between the 1x1 convolutions, over those of the input; at 1 the first convolution is left out. */
  readonly expansion: number;
  readonly channels: number;
  readonly stride: number;
  readonly initializer: Initializer;
  readonly batchNorm: BatchNormOptions;
}

/** Convolution `<name>.0`, batch norm `<name>.1` and ReLU6. */
export function convolutionRelu6(
  context: BuildContext,
  x: Value,
  name: string,
  options: ConvolutionRelu6Options,
): Value {
  const { channels, kernel, stride, groups = 1, initializer, batchNorm } = options;
  const side = kernel >> 1;
  const window = {
    kernel: [kernel, kernel],
    stride: [stride, stride],
    pad: [side, side, side, side],
  } as const;
  const y = convolution(context, x, `${name}.0`, { channels, groups, initializer, ...window });
  return relu6(batchNormalization(context, y, `${name}.1`, batchNorm), `${name}.2`);
}

/**
 * Widen by 1x1, filter each channel by 3x3, narrow by 1x1 without activation; the input is added where shapes agree
 * (Sandler et al. 2018). Names `<name>.conv.N` count as torchvision's sequence does.
 */
export function invertedResidual(
  context: BuildContext,
  x: Value,
  name: string,
  options: InvertedResidualOptions,
): Value {
  const { expansion, channels, stride, initializer, batchNorm } = options;
  const inputs = x.shape[3]!;
  const hidden = inputs * expansion;
  const rule = { channels: hidden, initializer, batchNorm };
  let next = 0;
  const place = (): string => `${name}.conv.${next++}`;
  const wide = expansion === 1 ? x : convolutionRelu6(context, x, place(), { ...rule, kernel: 1, stride: 1 });
  const filtered = convolutionRelu6(context, wide, place(), { ...rule, kernel: 3, stride, groups: hidden });
  const narrow = convolution(context, filtered, place(), { channels, kernel: [1, 1], initializer });
  const y = batchNormalization(context, narrow, place(), batchNorm);
  return stride === 1 && inputs === channels ? add(x, y, `${name}.add`) : y;
}
