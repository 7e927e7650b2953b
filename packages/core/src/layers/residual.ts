import type { Value } from "../graph/graph.js";
import { add, relu } from "../ops/index.js";
import { batchNormalization, type BatchNormOptions } from "./batch-norm.js";
import type { BuildContext } from "./context.js";
import { convolution, type ConvolutionOptions } from "./convolution.js";

/** One convolution followed by batch norm, under their own names. */
export interface ConvolutionUnit {
  readonly convolution: string;
  readonly batchNorm: string;
  readonly options: ConvolutionOptions;
}

/** What a residual block is made of. */
export interface ResidualOptions {
  /** The main branch; ReLU follows every batch norm but the last. */
  readonly branch: readonly ConvolutionUnit[];
  /** Convolution and batch norm on the short cut; without it the input itself is added. */
  readonly shortcut?: ConvolutionUnit;
  readonly batchNorm: BatchNormOptions;
}

/** Convolution, batch norm and, where `active`, ReLU. */
export function convolutionUnit(
  context: BuildContext,
  x: Value,
  unit: ConvolutionUnit,
  batchNorm: BatchNormOptions,
  active: boolean,
): Value {
  const y = convolution(context, x, unit.convolution, unit.options);
  return batchNormalization(context, y, unit.batchNorm, {
    ...batchNorm,
    activation: active ? "relu" : "none",
  });
}

/**
 * max(0, branch(x) + shortcut(x)) of x (N, H, W, C), nodes named below `name` (He et al. 2016). Throws SHAPE
 * where the branch and the shortcut do not broadcast, and SHAPE, DTYPE or ATTRIBUTE as {@link convolution}
 * and {@link batchNormalization}.
 */
export function residualBlock(
  context: BuildContext,
  x: Value,
  name: string,
  options: ResidualOptions,
): Value {
  const { branch, shortcut, batchNorm } = options;
  const last = branch.length - 1;
  const residual = shortcut ? convolutionUnit(context, x, shortcut, batchNorm, false) : x;
  const main = branch.reduce(
    (y, unit, index) => convolutionUnit(context, y, unit, batchNorm, index < last),
    x,
  );
  return relu(add(main, residual, `${name}.add`), `${name}.relu`);
}
