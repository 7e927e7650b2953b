import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  dualPath,
  imageTrunkSchema,
  initialize,
  writeSafetensors,
  type TensorSource,
  type TypedArray,
} from "@dualpath/core";
import sharp from "sharp";

const COLORS = ["red", "green", "blue", "orange", "purple", "black"];
const SIDE = 64;

/** Two coloured squares in different quarters of each picture, in the layout of Flickr30k Entities. */
export async function writeTinyEntities(
  folder: string,
  counts: { train: number; test: number },
): Promise<void> {
  for (const name of ["Sentences", "Annotations", "images"])
    mkdirSync(join(folder, name), { recursive: true });
  const ids: Record<string, string[]> = { train: [], val: [], test: [] };
  for (let index = 0; index < counts.train + counts.test; index++) {
    const id = String(1000 + index);
    ids[index < counts.train ? "train" : "test"]?.push(id);
    await writeImage(folder, id, index);
  }
  for (const [split, list] of Object.entries(ids))
    writeFileSync(join(folder, `${split}.txt`), `${list.join("\n")}\n`);
}

async function writeImage(folder: string, id: string, index: number): Promise<void> {
  const first = index % COLORS.length;
  const second = (first + 1 + (Math.floor(index / COLORS.length) % (COLORS.length - 1))) % COLORS.length;
  const quarters = [index % 4, (index + 1 + (Math.floor(index / 4) % 3)) % 4];
  const things = [first, second].map((color, place) => {
    const quarter = quarters[place] ?? 0;
    return { color: COLORS[color] ?? "", left: (quarter % 2) * 32, top: Math.floor(quarter / 2) * 32 };
  });
  const rects = things.map(
    ({ color, left, top }) => `<rect x="${left}" y="${top}" width="32" height="32" fill="${color}"/>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="64" height="64" fill="white"/>${rects.join("")}</svg>`;
  await sharp(Buffer.from(svg))
    .jpeg({ quality: 95 })
    .toFile(join(folder, "images", `${id}.jpg`));
  const [a, b] = things.map(({ color }) => color);
  const sentences = [
    `[/EN#1/other A ${a} thing] beside [/EN#2/clothing a ${b} one] .`,
    `[/EN#2/clothing The ${b} square] and [/EN#1/other the ${a} square] on [/EN#0/notvisual paper] .`,
  ];
  writeFileSync(join(folder, "Sentences", `${id}.txt`), `${sentences.join("\n")}\n`);
  const objects = things.map(({ left, top }, place) => {
    const box = `<xmin>${left + 1}</xmin><ymin>${top + 1}</ymin><xmax>${left + 32}</xmax><ymax>${top + 32}</ymax>`;
    return `<object><name>${place + 1}</name><bndbox>${box}</bndbox></object>`;
  });
  const size = `<size><width>${SIDE}</width><height>${SIDE}</height><depth>3</depth></size>`;
  writeFileSync(
    join(folder, "Annotations", `${id}.xml`),
    `<annotation>${size}${objects.join("")}</annotation>`,
  );
}

/** A small trunk that sees colours, and its random weights under torchvision's names. */
export const tinyTrunk = {
  kind: "resnet",
  depth: 18,
  width: 0.25,
  stem: "small",
  inputSize: 16,
  stages: [1],
};

/** Writes random weights of {@link tinyTrunk}. */
export async function writeTinyTrunk(file: string): Promise<void> {
  const image = imageTrunkSchema.parse(tinyTrunk);
  const text = { kind: "vector", dimension: 1 };
  const model = dualPath({ image, text, embedding: 1, classifier: "none" }, { classes: 1, vocabulary: 0 });
  const tensors: TensorSource[] = [];
  const prefix = "image.trunk.";
  const write = async (
    name: string,
    shape: readonly number[],
    _: unknown,
    data: TypedArray,
  ): Promise<void> => {
    if (!name.startsWith(prefix)) return;
    tensors.push({ name: name.slice(prefix.length), dtype: "f32", shape, load: () => data });
  };
  await initialize({ write }, model, 3);
  await writeSafetensors(file, tensors, {});
}

const stage = {
  name: "pairs",
  epochs: 12,
  batchSize: 8,
  neighbours: { images: 2, texts: 1 },
  losses: { structure: { margin: 0.2, violations: 10, images: 0.1, texts: 0 } },
  optimizer: { kind: "adam" },
  learningRate: 0.02,
};

/** A config of phrase localization on the tiny entities and the tiny trunk of a folder: a grid of five boxes an image. */
export const tinyLocalization = (folder: string) => ({
  task: "phrase-localization",
  name: "tiny entities",
  device: "cpu",
  entities: { directory: folder, images: "images" },
  proposals: { kind: "grid", scales: [1, 0.5], aspects: [1], step: 1 },
  regions: { trunk: tinyTrunk, weights: join(folder, "trunk.safetensors"), size: 64 },
  text: { vectors: { kind: "tf-idf", words: 8 } },
  model: {
    image: { kind: "features", dimension: 16 },
    text: { kind: "vector", dimension: 8 },
    embedding: 16,
    head: { imageHidden: 32, textHidden: 32, output: "batch-norm", dropout: 0 },
    classifier: "none",
  },
  training: stage,
  hardNegatives: {
    proposals: 5,
    stage: {
      ...stage,
      name: "hard",
      epochs: 2,
      neighbours: { images: 3, texts: 1 },
      losses: { structure: { margin: 0.2, violations: 10, texts: 0 } },
      learningRate: 0.002,
    },
  },
  baseline: { dimensions: 4 },
});
