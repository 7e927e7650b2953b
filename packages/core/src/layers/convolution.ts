import type { Value } from "../graph/graph.js";
import { biasAdd, concat, conv2d, fill, reshape, slice } from "../ops/index.js";
import { weight, type BuildContext } from "./context.js";
import type { Initializer } from "./initializers.js";

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

/** The text CNN's length-halving convolution: 1x2, stride 2, one pad on the left, over a sequence. */
function isHalvingPair(x: Value, { kernel, stride, pad, groups = 1 }: ConvolutionOptions): boolean {
  const is = (expected: readonly number[], got: readonly number[] = []): boolean =>
    expected.join() === got.join();
  return (
    x.shape[1] === 1 && groups === 1 && is([1, 2], kernel) && is([1, 2], stride) && is([0, 0, 1, 0], pad)
  );
}

/**
 * The halving convolution as one with stride 1 over pairs of neighbours: the same sums. oneDNN has no fast data
 * gradient for the strided form on AVX2, and its reference takes a hundred times as long.
 */
function pairConvolution(x: Value, w: Value, name: string): Value {
  const [rows, , length, channels] = x.shape as [number, number, number, number];
  const pairs = Math.ceil(length / 2);
  const kept = slice(x, { axis: 2, begin: 0, end: 2 * pairs - 1 }, `${name}.kept`);
  const zero = fill(x.graph, { shape: [rows, 1, 1, channels], value: 0 }, `${name}.zero`);
  const shifted = concat([zero, kept], { axis: 2 }, `${name}.shifted`);
  const grouped = reshape(shifted, { shape: [rows, pairs, 2, channels] }, `${name}.pairs`);
  const y = conv2d(grouped, w, {}, name);
  return reshape(y, { shape: [rows, 1, pairs, w.shape[0]!] }, `${name}.sequence`);
}

/** Convolution of x (N, H, W, C) with `<name>.weight` [out, in / groups, height, width], and `<name>.bias`. */
export function convolution(
  context: BuildContext,
  x: Value,
  name: string,
  options: ConvolutionOptions,
): Value {
  const { channels, kernel, stride = [1, 1], pad = [0, 0, 0, 0], groups = 1, initializer } = options;
  const shape = [channels, x.shape[3]! / groups, ...kernel];
  const w = weight(context, `${name}.weight`, shape, initializer);
  const y = isHalvingPair(x, options)
    ? pairConvolution(x, w, name)
    : conv2d(x, w, { stride, pad, groups }, name);
  if (!options.bias) return y;
  const zero = { kind: "constant", value: 0 } as const;
  return biasAdd(y, weight(context, `${name}.bias`, [channels], zero), `${name}.biasAdd`);
}
