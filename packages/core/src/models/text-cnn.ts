import type { Value } from "../graph/graph.js";
import { batchNormalization } from "../layers/batch-norm.js";
import { weight, type BuildContext } from "../layers/context.js";
import type { ConvolutionOptions } from "../layers/convolution.js";
import { dropoutLayer } from "../layers/dropout.js";
import { weightInitializer } from "../layers/initializers.js";
import { linear } from "../layers/linear.js";
import { lookup } from "../layers/lookup.js";
import { residualBlock, type ConvolutionUnit } from "../layers/residual.js";
import { add, concat, globalAveragePool, globalMaxPool, l2Normalize, subtract } from "../ops/index.js";
import { NORM_EPSILON } from "./classifier.js";
import type { TextCnnConfig } from "./schema.js";

/**
 * Stages of paper A's text CNN. A stage's first block projects: its three convolutions are `wide`
 * (first two) and `output` channels, the 1x2 one strides; the others squeeze to a quarter.
 */
const STAGES = [
  { wide: 128, output: 256, stride: 1 },
  { wide: 512, output: 512, stride: 2 },
  { wide: 1024, output: 1024, stride: 2 },
  { wide: 2048, output: 2048, stride: 1 },
] as const;
const SQUEEZE = 4;

interface BlockShape {
  readonly inner: number;
  readonly output: number;
  readonly stride: number;
  readonly projects: boolean;
}

const scaled = (config: TextCnnConfig, channels: number): number =>
  Math.max(1, Math.round(channels * config.width));

/** Length of the text CNN's pooled feature. */
export function textCnnFeatures(config: TextCnnConfig): number {
  const pooled = scaled(config, STAGES[config.stages.length - 1]!.output);
  return config.shortcut === "concatenate" ? pooled + config.wordDimension : pooled;
}

/** The residual blocks in order: 14 for stages [3, 4, 6, 1]. */
function blockShapes(config: TextCnnConfig): readonly BlockShape[] {
  return config.stages.flatMap((blocks, stage) => {
    const { wide, output, stride } = STAGES[stage]!;
    return Array.from({ length: blocks }, (_, block) => ({
      inner: scaled(config, block === 0 ? wide : output / SQUEEZE),
      output: scaled(config, output),
      stride: block === 0 ? stride : 1,
      projects: block === 0,
    }));
  });
}

/**
 * Deep residual text CNN of paper A: lookup with bias and batch norm, residual blocks with 1x2 kernels padded
 * on the left, max pooling over the positions. ids is i32 [N, length]; returns [N, textCnnFeatures(config)].
 * Throws SHAPE or DTYPE for ids of another rank or number type; an id above the vocabulary is a FEED error at
 * the step.
 */
export function textCnn(
  context: BuildContext,
  ids: Value,
  name: string,
  config: TextCnnConfig,
  vocabulary: number,
): Value {
  const { wordDimension: dimension, wordDeviation: deviation } = config;
  const words = lookup(context, ids, `${name}.lookup`, { vocabulary, dimension, deviation });
  const dropped = dropoutLayer(context, words, `${name}.lookup.dropout`, config.lookupDropout);
  let y = batchNormalization(context, dropped, `${name}.trunk.bn0`, config.batchNorm);
  blockShapes(config).forEach((shape, index) => {
    y = block(context, y, `${name}.trunk.block${index + 1}`, config, shape);
  });
  const pooled = globalMaxPool(y, `${name}.trunk.maxpool`).y;
  if (!config.shortcut) return pooled;
  return withShortcut(context, pooled, meanDirection(context, words, name), `${name}.shortcut`, config);
}

function block(
  context: BuildContext,
  x: Value,
  name: string,
  config: TextCnnConfig,
  shape: BlockShape,
): Value {
  const { inner, output, stride, projects } = shape;
  const branch = [pointwise(config, inner, 1), pairwise(config, inner, stride), pointwise(config, output, 1)];
  const unit = (suffix: string, options: ConvolutionOptions): ConvolutionUnit => ({
    convolution: `${name}.conv${suffix}`,
    batchNorm: `${name}.bn${suffix}`,
    options,
  });
  return residualBlock(context, x, name, {
    branch: branch.map((options, index) => unit(String(index + 1), options)),
    ...(projects ? { shortcut: unit("Shortcut", pointwise(config, output, stride)) } : {}),
    batchNorm: config.batchNorm,
  });
}

function pointwise(config: TextCnnConfig, channels: number, stride: number): ConvolutionOptions {
  return {
    channels,
    kernel: [1, 1],
    stride: [1, stride],
    initializer: weightInitializer(config.initializer),
  };
}

function pairwise(config: TextCnnConfig, channels: number, stride: number): ConvolutionOptions {
  return { ...pointwise(config, channels, stride), kernel: [1, 2], pad: [0, 0, 1, 0] };
}

/**
 * Direction of the caption's mean word vector [N, D]. It needs no count of words, since the mean over all positions,
 * without the bias that pads carry too, is a multiple of the mean over the words.
 */
function meanDirection(context: BuildContext, words: Value, name: string): Value {
  const bias = weight(context, `${name}.lookup.bias`, [words.shape[3]!], { kind: "constant", value: 0 });
  const mean = subtract(globalAveragePool(words, `${name}.shortcut.mean`), bias, `${name}.shortcut.words`);
  return l2Normalize(mean, { epsilon: NORM_EPSILON }, `${name}.shortcut.direction`).y;
}

/** The pooled feature with the caption's mean direction beside it or, mapped linearly, added to it. */
function withShortcut(
  context: BuildContext,
  pooled: Value,
  direction: Value,
  name: string,
  config: TextCnnConfig,
): Value {
  if (config.shortcut === "concatenate") {
    const normalized = batchNormalization(context, direction, `${name}.bn`, config.batchNorm);
    return concat([pooled, normalized], { axis: 1 }, `${name}.concat`);
  }
  const initializer = weightInitializer(config.initializer);
  const mapped = linear(context, direction, `${name}.fc`, { outputs: pooled.shape[1]!, initializer });
  return add(pooled, batchNormalization(context, mapped, `${name}.bn`, config.batchNorm), `${name}.add`);
}
