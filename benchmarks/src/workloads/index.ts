import { photoBatch } from "./photos.js";
import { mobileNetV2Forward, recall, textCnnStep } from "./programs.js";
import { dualPathResNet50, emoji } from "./training.js";
import type { Settings, Loaded } from "./workload.js";

export const workloads: Readonly<Record<string, (settings: Settings) => Loaded | Promise<Loaded>>> = {
  "dual-path-resnet50": dualPathResNet50,
  "text-cnn": textCnnStep,
  "mobilenet-v2": mobileNetV2Forward,
  emoji,
  recall,
  photos: photoBatch,
};
