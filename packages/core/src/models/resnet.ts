import type { Value } from "../graph/graph.js";
import type { BuildContext } from "../layers/context.js";
import { weightInitializer } from "../layers/initializers.js";
import { convolutionUnit, residualBlock, type ConvolutionUnit } from "../layers/residual.js";
import { maxPool } from "../ops/index.js";
import type { ResNetConfig } from "./schema.js";

const BLOCKS = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const;
const EXPANSION = 4;

const scaled = (config: ResNetConfig, channels: number): number =>
  Math.max(1, Math.round(channels * config.width));

const stagesOf = (config: ResNetConfig): readonly number[] => config.stages ?? BLOCKS[config.depth];

const isBottleneck = (config: ResNetConfig): boolean => config.depth >= 50;

const stageChannels = (config: ResNetConfig, stage: number): number => scaled(config, 64 * 2 ** stage);

/** Length of the trunk's pooled feature. */
export function resnetFeatures(config: ResNetConfig): number {
  const channels = stageChannels(config, stagesOf(config).length - 1);
  return isBottleneck(config) ? channels * EXPANSION : channels;
}

/**
 * ResNet trunk (He et al. 2016; the 3x3 convolution of a bottleneck strides, as in torchvision) with torchvision's
 * names below `name`. x is (N, H, W, 3); returns the last plane (N, H', W', resnetFeatures(config)), to be averaged.
 */
export function resnetPlane(context: BuildContext, x: Value, name: string, config: ResNetConfig): Value {
  let y = stem(context, x, name, config);
  stagesOf(config).forEach((blocks, stage) => {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      y = residual(
        context,
        y,
        `${name}.layer${stage + 1}.${block}`,
        config,
        stageChannels(config, stage),
        stride,
      );
    }
  });
  return y;
}

function unit(name: string, index: number, options: ConvolutionUnit["options"]): ConvolutionUnit {
  return { convolution: `${name}.conv${index}`, batchNorm: `${name}.bn${index}`, options };
}

function square(
  config: ResNetConfig,
  channels: number,
  kernel: number,
  stride = 1,
): ConvolutionUnit["options"] {
  const side = kernel >> 1;
  return {
    channels,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    pad: [side, side, side, side],
    initializer: weightInitializer(config.initializer),
  };
}

function stem(context: BuildContext, x: Value, name: string, config: ResNetConfig): Value {
  const small = config.stem !== "imagenet";
  const options = square(config, stageChannels(config, 0), small ? 3 : 7, config.stem === "small" ? 1 : 2);
  const y = convolutionUnit(context, x, unit(name, 1, options), config.batchNorm, true);
  if (small) return y;
  return maxPool(y, { window: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }, `${name}.maxpool`).y;
}

function residual(
  context: BuildContext,
  x: Value,
  name: string,
  config: ResNetConfig,
  channels: number,
  stride: number,
): Value {
  const outputs = isBottleneck(config) ? channels * EXPANSION : channels;
  const branch = isBottleneck(config)
    ? [square(config, channels, 1), square(config, channels, 3, stride), square(config, outputs, 1)]
    : [square(config, channels, 3, stride), square(config, outputs, 3)];
  const projected = stride !== 1 || x.shape[3] !== outputs;
  return residualBlock(context, x, name, {
    branch: branch.map((options, index) => unit(name, index + 1, options)),
    ...(projected ? { shortcut: projection(name, square(config, outputs, 1, stride)) } : {}),
    batchNorm: config.batchNorm,
  });
}

function projection(name: string, options: ConvolutionUnit["options"]): ConvolutionUnit {
  return { convolution: `${name}.downsample.0`, batchNorm: `${name}.downsample.1`, options };
}
