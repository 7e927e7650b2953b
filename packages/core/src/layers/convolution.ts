import type { Value } from "../graph/graph.js";
import { biasAdd, conv2d } from "../ops/index.js";
import { weight, type BuildContext } from "./context.js";
import type { Initializer } from "./initializers.js";

/** Extents of a convolution, in channels and pixels. */
export interface ConvolutionOptions {
  readonly channels: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride?: readonly [number, number];
  /** Zero padding (top, bottom, left, right). */
  readonly pad?: readonly [number, number, number, number];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly initializer: Initializer;
}

/**
 * Convolution of x f32 (N, H, W, C) with `<name>.weight` [out, in / groups, height, width], and `<name>.bias`
 * [out]; returns (N, H', W', out). Throws SHAPE for x of another rank or a parameter that is known in another
 * shape, channels that the groups do not divide or a window larger than the padded x, DTYPE unless x is f32,
 * ATTRIBUTE for bad extents.
 */
export function convolution(
  context: BuildContext,
  x: Value,
  name: string,
  options: ConvolutionOptions,
): Value {
  const { channels, kernel, stride = [1, 1], pad = [0, 0, 0, 0], groups = 1, initializer } = options;
  const shape = [channels, x.shape[3]! / groups, ...kernel];
  const w = weight(context, `${name}.weight`, shape, initializer);
  const y = conv2d(x, w, { stride, pad, groups }, name);
  if (!options.bias) return y;
  const zero = { kind: "constant", value: 0 } as const;
  return biasAdd(y, weight(context, `${name}.bias`, [channels], zero), `${name}.biasAdd`);
}
