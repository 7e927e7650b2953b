import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const COLORS = ["red", "green", "blue", "orange", "purple", "black", "teal", "brown"];
const SHAPES: Readonly<Record<string, string>> = {
  circle: '<circle cx="16" cy="16" r="11"/>',
  square: '<rect x="6" y="6" width="20" height="20"/>',
  triangle: '<path d="M16 4 L29 28 L3 28 Z"/>',
  bar: '<rect x="2" y="12" width="28" height="8"/>',
  cross: '<path d="M12 2h8v10h10v8H20v10h-8V20H2v-8h10z"/>',
};

/** A captioned folder of coloured shapes: 40 pictures of 32 px with two captions each, split 24 / 8 / 8. */
export async function writeTinyCorpus(folder: string): Promise<void> {
  mkdirSync(join(folder, "images"), { recursive: true });
  const lines = ["image,caption"];
  const splits: Record<string, string[]> = { train: [], validation: [], test: [] };
  for (const [index, [color, [shape, drawing]]] of combinations().entries()) {
    const image = `${color}-${shape}.png`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="white"/><g fill="${color}">${drawing}</g></svg>`;
    await sharp(Buffer.from(svg))
      .png()
      .toFile(join(folder, "images", image));
    lines.push(`${image},a ${color} ${shape}`, `${image},the ${shape} is ${color}`);
    splits[
      ["train", "train", "train", "validation", "test"][(index * 3 + Math.floor(index / 5)) % 5] ?? "train"
    ]?.push(image);
  }
  writeFileSync(join(folder, "captions.csv"), `${lines.join("\n")}\n`);
  for (const [split, images] of Object.entries(splits))
    writeFileSync(join(folder, `${split}.txt`), `${images.join("\n")}\n`);
}

const combinations = () =>
  COLORS.flatMap((color) => Object.entries(SHAPES).map((shape) => [color, shape] as const));

/** An experiment on the tiny corpus that takes a second or two; `more` is YAML appended to it. */
export const tinyExperiment = (folder: string, more = "", epochs = 2): string => `name: tiny
seed: 1
corpus:
  kind: captions
  name: tiny shapes
  images: ${join(folder, "images")}
  captions: ${join(folder, "captions.csv")}
  format: table
  splits: { train: ${join(folder, "train.txt")}, validation: ${join(folder, "validation.txt")}, test: ${join(folder, "test.txt")} }
  image: { size: 32, crop: none }
  text: { length: 8 }
model:
  image: { kind: resnet, depth: 18, width: 0.125, stem: small, inputSize: 16, stages: [1, 1] }
  text: { kind: text-cnn, width: 0.125, length: 8, wordDimension: 16, stages: [1] }
  embedding: 16
curriculum:
  - name: stage-I
    epochs: ${epochs}
    batchSize: 8
    losses: { instance: {} }
    optimizer: { kind: sgd }
    learningRate: 0.05
  - name: stage-II
    epochs: ${epochs}
    batchSize: 8
    losses: { instance: {}, ranking: { margin: 0.5 } }
    optimizer: { kind: sgd }
    learningRate: 0.02
evaluation: { batchSize: 8 }
threads: 1
${more}`;
