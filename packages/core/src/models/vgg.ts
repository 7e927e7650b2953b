import type { Value } from "../graph/graph.js";
import type { BuildContext } from "../layers/context.js";
import { convolution } from "../layers/convolution.js";
import { dropoutLayer } from "../layers/dropout.js";
import { weightInitializer } from "../layers/initializers.js";
import { linear } from "../layers/linear.js";
import { maxPool, relu, reshape, transpose } from "../ops/index.js";
import type { VggConfig } from "./schema.js";

const CONVOLUTIONS = { 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;
const CHANNELS = [64, 128, 256, 512, 512];
const FULLY_CONNECTED = 4096;

const scaled = (config: VggConfig, channels: number): number =>
  Math.max(1, Math.round(channels * config.width));

/** Length of the trunk's feature: the width of fc7. */
export const vggFeatures = (config: VggConfig): number => scaled(config, FULLY_CONNECTED);

/**
 * fc6 and fc7 in front of its ReLU, as paper A cuts the trunk: from the last plane of a picture of the input size to
 * [N, vggFeatures(config)].
 */
export function vggFeature(context: BuildContext, plane: Value, name: string, config: VggConfig): Value {
  const options = {
    outputs: vggFeatures(config),
    bias: true,
    initializer: weightInitializer(config.initializer),
  };
  const fc6 = linear(context, channelsFirst(plane, name), `${name}.classifier.0`, options);
  const dropped = dropoutLayer(context, relu(fc6, `${name}.relu6`), `${name}.dropout6`, config.dropout);
  return linear(context, dropped, `${name}.classifier.3`, options);
}

/**
 * VGG's five groups of 3x3 convolutions (Simonyan and Zisserman 2015, configurations D and E); names below `name` count
 * convolutions, ReLUs and pools, as torchvision's sequence does. x is (N, H, W, 3); returns (N, H / 32, W / 32, C).
 */
export function vggPlane(context: BuildContext, x: Value, name: string, config: VggConfig): Value {
  const initializer = weightInitializer(config.initializer);
  let y = x;
  let index = 0;
  CONVOLUTIONS[config.depth].forEach((convolutions, group) => {
    const channels = scaled(config, CHANNELS[group]!);
    for (let repeat = 0; repeat < convolutions; repeat++, index += 2) {
      const options = { channels, kernel: [3, 3], pad: [1, 1, 1, 1], bias: true, initializer } as const;
      y = relu(convolution(context, y, `${name}.${index}`, options), `${name}.${index + 1}`);
    }
    y = maxPool(y, { window: [2, 2], stride: [2, 2] }, `${name}.${index++}`).y;
  });
  return y;
}

/** fc6's weights expect a plane's numbers channel by channel. */
function channelsFirst(plane: Value, name: string): Value {
  const [rows, height, width, channels] = plane.shape as [number, number, number, number];
  const turned = transpose(plane, { permutation: [0, 3, 1, 2] }, `${name}.channelsFirst`);
  return reshape(turned, { shape: [rows, channels * height * width] }, `${name}.flat`);
}
