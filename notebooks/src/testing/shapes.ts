import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dualPath, initialize, Store, writeSafetensors } from "@dualpath/core";
import sharp from "sharp";

const COLORS = ["red", "green", "blue", "orange", "purple", "black", "teal", "brown"];
const SHAPES = {
  circle: '<circle cx="24" cy="24" r="17"/>',
  square: '<rect x="8" y="8" width="32" height="32"/>',
  triangle: '<path d="M24 6 L43 42 L5 42 Z"/>',
  bar: '<rect x="3" y="18" width="42" height="12"/>',
  ring: '<path d="M24 4a20 20 0 1 0 .1 0zm0 10a10 10 0 1 1-.1 0z"/>',
};

export const SHAPE_COUNT = COLORS.length * Object.keys(SHAPES).length;

/** Photos of coloured shapes with two captions each, in `folder/images` and `folder/captions.csv`. */
export async function writeShapes(folder: string): Promise<void> {
  mkdirSync(join(folder, "images"), { recursive: true });
  const lines = ["image,caption"];
  for (const color of COLORS)
    for (const [shape, drawing] of Object.entries(SHAPES)) {
      const file = `${color}-${shape}.png`;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"><rect width="48" height="48" fill="white"/><g fill="${color}">${drawing}</g></svg>`;
      await sharp(Buffer.from(svg))
        .png()
        .toFile(join(folder, "images", file));
      lines.push(`${file},a ${color} ${shape}`, `${file},the ${shape} is ${color}`);
    }
  writeFileSync(join(folder, "captions.csv"), `${lines.join("\n")}\n`);
}

/** A small ResNet as a config declares it. */
export const TRUNK = {
  kind: "resnet",
  depth: 18,
  width: 0.25,
  stem: "small",
  inputSize: 32,
  stages: [1, 1],
} as const;

/** Weights of that trunk with torchvision's names: the initial ones of a seed, which nobody has trained. */
export async function writeTrunk(path: string): Promise<void> {
  const config = { image: TRUNK, text: { kind: "vector", dimension: 1 }, embedding: 8 };
  const model = dualPath(config, { classes: 1, vocabulary: 0 });
  await using store = Store.open({ device: "reference" });
  await initialize(store, model, 3);
  const prefix = "image.trunk.";
  const tensors = model.parameters
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, shape }) => ({
      name: name.slice(prefix.length),
      dtype: "f32" as const,
      shape,
      load: async () => (await store.read(name)).data,
    }));
  await writeSafetensors(path, tensors, {});
}
