import type { Value } from "../graph/graph.js";
import type { BuildContext } from "../layers/context.js";
import { convolutionRelu6, invertedResidual } from "../layers/inverted-residual.js";
import { weightInitializer } from "../layers/initializers.js";
import type { MobileNetV2Config } from "./schema.js";

/** Table 2 of Sandler et al. 2018. */
const STAGES = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
];
const FIRST_CHANNELS = 32;
const LAST_CHANNELS = 1280;
const DIVISOR = 8;

/** The nearest multiple of 8, at least 8 and not below 90 % of the number: the rule of the authors' code. */
function divisible(channels: number): number {
  const nearest = Math.max(DIVISOR, Math.floor((channels + DIVISOR / 2) / DIVISOR) * DIVISOR);
  return nearest < 0.9 * channels ? nearest + DIVISOR : nearest;
}

/** Length of the trunk's pooled feature. */
export const mobileNetV2Features = (config: MobileNetV2Config): number =>
  divisible(LAST_CHANNELS * Math.max(1, config.width));

/** What each inverted residual block is, in order. */
const blocksOf = (config: MobileNetV2Config) =>
  STAGES.flatMap(({ expansion, channels, blocks, stride }) =>
    Array.from({ length: blocks }, (_, block) => ({
      expansion,
      channels: divisible(channels * config.width),
      stride: block === 0 ? stride : 1,
    })),
  );

/**
 * MobileNetV2 trunk (Sandler et al. 2018) with torchvision's names below `name`. x is (N, H, W, 3); returns the
 * last plane (N, H', W', mobileNetV2Features(config)), to be averaged.
 */
export function mobileNetV2Plane(
  context: BuildContext,
  x: Value,
  name: string,
  config: MobileNetV2Config,
): Value {
  const initializer = weightInitializer(config.initializer);
  const rule = { initializer, batchNorm: config.batchNorm };
  const first = { ...rule, channels: divisible(FIRST_CHANNELS * config.width), kernel: 3, stride: 2 };
  const last = { ...rule, channels: mobileNetV2Features(config), kernel: 1, stride: 1 };
  const blocks = blocksOf(config);
  const stem = convolutionRelu6(context, x, `${name}.features.0`, first);
  const trunk = blocks.reduce(
    (y, block, index) => invertedResidual(context, y, `${name}.features.${index + 1}`, { ...rule, ...block }),
    stem,
  );
  return convolutionRelu6(context, trunk, `${name}.features.${blocks.length + 1}`, last);
}
