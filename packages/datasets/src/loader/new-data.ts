import { memoryImages } from "./image-rows.js";
import { evaluationData } from "./evaluation-data.js";
import type { Preprocessing } from "./preprocessing.js";
import type { Members } from "./split.js";
import { packTexts, wordTexts } from "./text-rows.js";
import type { EvaluationData } from "./types.js";

const everyRow = (count: number): Members => {
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return { rows, labels: rows };
};

/** Decoded photos, uint8 RGB one after another, as a trained model reads them. */
export function newImages(
  pixels: Uint8Array,
  { size, area }: NonNullable<Preprocessing["image"]>,
): EvaluationData["images"] {
  return newData(memoryImages(pixels, [...size, 3]), [], 1, "left", area).images;
}

/** Sentences as word ids, as a trained model reads them. */
export function newTexts(
  sentences: readonly (readonly number[])[],
  { length, position }: NonNullable<Preprocessing["text"]>,
): EvaluationData["texts"] {
  const none = memoryImages(new Uint8Array(0), [1, 1, 3]);
  return newData(none, sentences, length, position > 0 ? "random" : "left", 1).texts;
}

function newData(
  images: ReturnType<typeof memoryImages>,
  sentences: readonly (readonly number[])[],
  length: number,
  alignment: "random" | "left",
  evaluationArea: number,
): EvaluationData {
  const texts = wordTexts(packTexts(sentences), length);
  const source = { images, texts, imageName: String, caption: String, evaluationArea };
  const split = { name: "new", images: everyRow(images.count), texts: everyRow(texts.count) };
  return evaluationData(source, split, { alignment, prefetch: 1 });
}
