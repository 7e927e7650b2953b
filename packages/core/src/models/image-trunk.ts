import type { Value } from "../graph/graph.js";
import type { BuildContext } from "../layers/context.js";
import { mobileNetV2, mobileNetV2Features } from "./mobilenet-v2.js";
import { resnet, resnetFeatures } from "./resnet.js";
import type { ImageTrunkConfig } from "./schema.js";
import { vgg, vggFeatures } from "./vgg.js";

/** The trunk that `config` declares, on normalised pixels x (N, H, W, 3): [N, imageTrunkFeatures(config)]. */
export function imageTrunk(context: BuildContext, x: Value, name: string, config: ImageTrunkConfig): Value {
  if (config.kind === "vgg") return vgg(context, x, name, config);
  if (config.kind === "mobilenet-v2") return mobileNetV2(context, x, name, config);
  return resnet(context, x, name, config);
}

/** Length of a trunk's feature. */
export function imageTrunkFeatures(config: ImageTrunkConfig): number {
  if (config.kind === "vgg") return vggFeatures(config);
  return config.kind === "mobilenet-v2" ? mobileNetV2Features(config) : resnetFeatures(config);
}
