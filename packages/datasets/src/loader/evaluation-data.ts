import { centreBoxes } from "../image/boxes.js";
import type { ImageRows } from "./image-rows.js";
import { lookAhead } from "./look-ahead.js";
import { shiftWords } from "./place-text.js";
import { fingerprintOf, type Split } from "./split.js";
import type { TextRows } from "./text-rows.js";
import type { EvaluationData, ImageBatch, Picture, TextBatch } from "./types.js";

/** What evaluation sets are read from; functions take rows of `images` and `texts`. */
export interface EvaluationSource {
  readonly images: ImageRows;
  readonly texts: TextRows;
  readonly imageName: (row: number) => string;
  readonly caption: (row: number) => string;
  /** Share of the image, around its centre, that is looked at; default 1. */
  readonly evaluationArea?: number;
  /** Pixels of an image for pictures; default: `images` where these are pixels. */
  readonly pixels?: (row: number) => Promise<Picture>;
}

interface EvaluationSettings {
  readonly alignment: "random" | "left";
  readonly prefetch: number;
}

async function imageBatch(
  source: EvaluationSource,
  split: Split,
  first: number,
  size: number,
  flip: boolean,
) {
  const { images } = source;
  const members = split.images.rows.subarray(first, first + size);
  const rows = new Int32Array(size).fill(members[0] as number);
  rows.set(members);
  const image = await images.read(rows);
  if (images.kind === "features") return { image, count: members.length } satisfies ImageBatch;
  const [height, width] = images.shape as [number, number, number];
  const box = centreBoxes(size, [height, width], source.evaluationArea ?? 1, flip);
  return { image, box, count: members.length } satisfies ImageBatch;
}

function textBatch(texts: TextRows, split: Split, first: number, size: number, position: number): TextBatch {
  const members = split.texts.rows.subarray(first, first + size);
  const text = texts.allocate(size);
  members.forEach((row, index) => {
    texts.write(text, index, row);
    const count = texts.filled(row);
    const start = Math.round(position * (texts.length - count));
    if (start > 0) shiftWords(text, index * texts.length, texts.length, count, start);
  });
  return { text, count: members.length };
}

async function pixelsOf(images: ImageRows, row: number): Promise<Picture> {
  const [height, width] = images.shape as [number, number, number];
  return { data: (await images.read([row])) as Uint8Array, height, width };
}

function pictures(source: EvaluationSource): ((row: number) => Promise<Picture>) | undefined {
  if (source.pixels) return source.pixels;
  return source.images.kind === "pixels" ? (row) => pixelsOf(source.images, row) : undefined;
}

/** The evaluation set of a split, in its own order, padded to whole batches. */
export function evaluationData(
  source: EvaluationSource,
  split: Split,
  settings: EvaluationSettings,
): EvaluationData {
  const { images, texts, galleries } = split;
  const picture = pictures(source);
  const defaultPosition = settings.alignment === "random" ? 0.5 : 0;
  let fingerprint: string | undefined;
  return {
    name: split.name,
    get fingerprint() {
      return (fingerprint ??= fingerprintOf(split, source.imageName, source.caption));
    },
    images: {
      count: images.rows.length,
      labels: images.labels,
      batches: (size, { flip = false, signal } = {}) => {
        const make = (index: number) => imageBatch(source, split, index * size, size, flip);
        return lookAhead(Math.ceil(images.rows.length / size), settings.prefetch, make, signal);
      },
      nameOf: (index) => source.imageName(images.rows[index] as number),
      ...(picture && { pixelsOf: (index: number) => picture(images.rows[index] as number) }),
    },
    texts: {
      count: texts.rows.length,
      labels: texts.labels,
      batches: (size, { position = defaultPosition, signal } = {}) => {
        const make = async (index: number) => textBatch(source.texts, split, index * size, size, position);
        return lookAhead(Math.ceil(texts.rows.length / size), settings.prefetch, make, signal);
      },
      captionOf: (index) => source.caption(texts.rows[index] as number),
    },
    ...(galleries && { galleries }),
  };
}
