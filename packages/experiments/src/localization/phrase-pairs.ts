import {
  createTrainingData,
  type EntitiesImage,
  type ImageRows,
  type Split,
  type TextRows,
  type TrainingData,
} from "@dualpath/datasets";
import type { Region } from "./regions.js";

/** Different phrases of a set; a phrase's class is its place among those of the training images. */
export interface PhraseBook {
  readonly texts: readonly string[];
  /** The first so many occur in training. */
  readonly classes: number;
  rowOf(text: string): number;
}

/** A training phrase with a region that it means. */
export interface PhrasePair {
  readonly region: number;
  readonly phrase: number;
}

/** Right regions of training images, and which phrases mean them. */
export interface TrainingPairs {
  readonly regions: readonly Region[];
  readonly pairs: readonly PhrasePair[];
}

/** The phrases of training images first, each text once. */
export function phraseBook(
  training: readonly EntitiesImage[],
  others: readonly EntitiesImage[],
  lowerCase: boolean,
): PhraseBook {
  const key = (text: string): string => (lowerCase ? text.toLowerCase() : text);
  const rows = new Map<string, number>();
  const add = (images: readonly EntitiesImage[]): void => {
    for (const { phrases } of images)
      for (const { text } of phrases) if (!rows.has(key(text))) rows.set(key(text), rows.size);
  };
  add(training);
  const classes = rows.size;
  add(others);
  return { texts: [...rows.keys()], classes, rowOf: (text) => rows.get(key(text)) ?? -1 };
}

/** Every chain's box once, paired with every different phrase that mentions it. */
export function trainingPairs(images: readonly EntitiesImage[], book: PhraseBook): TrainingPairs {
  const regions: Region[] = [];
  const pairs: PhrasePair[] = [];
  for (const image of images) {
    const rows = new Map<number, number>();
    const seen = new Set<string>();
    for (const { chain, box, text } of image.phrases) {
      const region = rows.get(chain) ?? regions.push({ image, box }) - 1;
      rows.set(chain, region);
      const phrase = book.rowOf(text);
      if (seen.has(`${region} ${phrase}`)) continue;
      seen.add(`${region} ${phrase}`);
      pairs.push({ region, phrase });
    }
  }
  return { regions, pairs };
}

/** Rows that phrase data are made of. */
export interface PhraseRows {
  readonly images: ImageRows;
  readonly texts: TextRows;
  readonly book: PhraseBook;
}

/** Regions that no phrase means carry the class behind the last phrase's. */
const background = ({ classes }: PhraseBook): number => classes;

/** Batches of regions and phrases, no phrase twice in one; regions of one phrase are neighbours (paper B, 3.2). */
export function pairData({ images, texts, book }: PhraseRows, pairs: readonly PhrasePair[]): TrainingData {
  const labels = Int32Array.from(pairs, ({ phrase }) => phrase);
  const phrases = [...new Set(labels)].sort((a, b) => a - b);
  const train: Split = {
    name: "phrases/train",
    images: { rows: Int32Array.from(pairs, ({ region }) => region), labels },
    texts: { rows: Int32Array.from(phrases), labels: Int32Array.from(phrases) },
  };
  return phraseData({ images, texts, book }, train, "image");
}

/**
 * Batches in which each phrase comes with a region that it means and `negatives[p]`, wrong regions of the same image: rows
 * of `images` behind those of the right ones, equally many for each pair.
 */
export function hardNegativeData(
  { images, texts, book }: PhraseRows,
  pairs: readonly PhrasePair[],
  negatives: readonly (readonly number[])[],
): TrainingData {
  const members = pairs.flatMap(({ region, phrase }, group) => [
    { row: region, label: phrase, group },
    ...(negatives[group] ?? []).map((row) => ({ row, label: background(book), group })),
  ]);
  const labels = Int32Array.from(pairs, ({ phrase }) => phrase);
  const train: Split = {
    name: "phrases/train with hard negatives",
    images: {
      rows: Int32Array.from(members, ({ row }) => row),
      labels: Int32Array.from(members, ({ label }) => label),
      groups: Int32Array.from(members, ({ group }) => group),
    },
    texts: { rows: labels, labels, groups: Int32Array.from(pairs.keys()) },
  };
  return phraseData({ images, texts, book }, train, "caption");
}

function phraseData(
  { images, texts, book }: PhraseRows,
  train: Split,
  anchor: "image" | "caption",
): TrainingData {
  return createTrainingData({
    images,
    texts,
    classes: book.classes + 1,
    vocabularySize: 0,
    imageName: (row) => `region ${row}`,
    caption: (row) => book.texts[row] ?? "",
    train,
    evaluation: {},
    sampling: { anchor, distinctClasses: true },
  });
}
