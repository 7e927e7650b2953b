import { dualPath, initialValue, writeSafetensors } from "@dualpath/core";

/** A trunk of one stage; it makes TINY_FEATURES numbers of a picture. */
export const TINY_TRUNK = {
  kind: "resnet",
  depth: 18,
  width: 0.0625,
  stages: [1],
  stem: "small",
  inputSize: 16,
};
export const TINY_FEATURES = 4;

/** The tiny experiment on features of the tiny trunk, with those weights, in place of pictures. */
export const onTinyFeatures = (pixels: string, weights: string, views = "whole"): string => {
  const image = `image: { kind: features, dimension: ${TINY_FEATURES} }`;
  const features = JSON.stringify({ trunk: TINY_TRUNK, weights, views });
  return `${pixels.replace(/image: \{ kind: resnet.*\}/, image)}features: ${features}\n`;
};

/** Writes random weights of the tiny trunk. */
export async function writeTinyTrunk(path: string): Promise<void> {
  const { parameters } = dualPath(
    { image: TINY_TRUNK, text: { kind: "vector", dimension: 1 }, embedding: 1 },
    { classes: 1, vocabulary: 0 },
  );
  const trunk = parameters.filter(({ name }) => name.startsWith("image.trunk."));
  const tensors = trunk.map(({ name, shape, initializer }) => ({
    name: name.slice("image.trunk.".length),
    dtype: "f32" as const,
    shape,
    load: () => initialValue(initializer, shape, 3, name),
  }));
  await writeSafetensors(path, tensors, {});
}
