import type { Value } from "../graph/graph.js";
import type { BuildContext } from "../layers/context.js";
import { globalAveragePool, slice } from "../ops/index.js";
import { mobileNetV2Features, mobileNetV2Plane } from "./mobilenet-v2.js";
import { resnetFeatures, resnetPlane } from "./resnet.js";
import type { ImageTrunkConfig } from "./schema.js";
import { vggFeature, vggFeatures, vggPlane } from "./vgg.js";

/**
 * The trunk that `config` declares (ResNet: He et al. 2016; VGG: Simonyan and Zisserman 2015; MobileNetV2:
 * Sandler et al. 2018), on normalised pixels x f32 (N, H, W, 3): [N, imageTrunkFeatures(config)]. Throws
 * SHAPE for x of another rank or, with VGG, too small to be halved five times, DTYPE unless it is f32.
 */
export function imageTrunk(context: BuildContext, x: Value, name: string, config: ImageTrunkConfig): Value {
  return featureOf(context, planeOf(context, x, name, config), name, config);
}

/**
 * The trunk's features, each [N, imageTrunkFeatures(config)], at every place of larger pictures f32
 * (N, H, W, 3): windows of its last plane as large as a picture of the input size has it, one step apart
 * (paper A's test features). Smaller pictures have no place. Throws SHAPE or DTYPE as {@link imageTrunk}.
 */
export function imageTrunkPlaces(
  context: BuildContext,
  x: Value,
  name: string,
  config: ImageTrunkConfig,
): readonly Value[] {
  const plane = planeOf(context, x, name, config);
  const [, height = 0, width = 0] = plane.shape;
  const side = windowOf(x, plane, config);
  return offsets(height - side).flatMap((top) => {
    const rows = slice(plane, { axis: 1, begin: top, end: top + side }, `${name}.rows`);
    return offsets(width - side).map((left) => {
      const window = slice(rows, { axis: 2, begin: left, end: left + side }, `${name}.window`);
      return featureOf(context, window, name, config);
    });
  });
}

const offsets = (last: number): readonly number[] => Array.from({ length: last + 1 }, (_, index) => index);

/** Side of the last plane that a picture of the input size has: every stride of 2 rounds up. */
function windowOf(x: Value, plane: Value, { inputSize }: ImageTrunkConfig): number {
  const stride = 2 ** Math.round(Math.log2(x.shape[1]! / plane.shape[1]!));
  return Math.ceil(inputSize / stride);
}

function planeOf(context: BuildContext, x: Value, name: string, config: ImageTrunkConfig): Value {
  if (config.kind === "vgg") return vggPlane(context, x, `${name}.features`, config);
  if (config.kind === "mobilenet-v2") return mobileNetV2Plane(context, x, name, config);
  return resnetPlane(context, x, name, config);
}

function featureOf(context: BuildContext, plane: Value, name: string, config: ImageTrunkConfig): Value {
  if (config.kind === "vgg") return vggFeature(context, plane, name, config);
  return globalAveragePool(plane, `${name}.avgpool`);
}

/** Length of a trunk's feature. */
export function imageTrunkFeatures(config: ImageTrunkConfig): number {
  if (config.kind === "vgg") return vggFeatures(config);
  return config.kind === "mobilenet-v2" ? mobileNetV2Features(config) : resnetFeatures(config);
}
