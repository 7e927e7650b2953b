import type { TypedArray } from "../graph/types.js";
import type { ModelConfig } from "../models/schema.js";
import { TrainingError } from "./errors.js";
import type { Batch } from "./data.js";
import type { SourceSize } from "./stage-graph.js";

export type Feeds = Record<string, TypedArray>;

/** Sizes of one row of a model's inputs. */
export interface RowShape {
  readonly image: "bytes" | "vector";
  readonly imageElements: number;
  readonly text: "ids" | "vector";
  readonly textElements: number;
  /** (height, width) of stored pictures. */
  readonly source: readonly [number, number];
}

/** Row sizes of a model that reads pictures of the given stored size. */
export function rowShape({ image, text }: ModelConfig, source: SourceSize): RowShape {
  const [height, width] = source ?? (image.kind === "features" ? [0, 0] : [image.inputSize, image.inputSize]);
  return {
    image: image.kind === "features" ? "vector" : "bytes",
    imageElements: image.kind === "features" ? image.dimension : height * width * 3,
    text: text.kind === "vector" ? "vector" : "ids",
    textElements: text.kind === "vector" ? text.dimension : text.length,
    source: [height, width],
  };
}

const kindOf = { bytes: Uint8Array, ids: Int32Array, vector: Float32Array } as const;

/** Throws BATCH unless `array` has the type and length; `field` names it. */
export function checkArray(
  field: string,
  array: TypedArray | undefined,
  kind: keyof typeof kindOf,
  length: number,
): void {
  const expected = `${kindOf[kind].name} of ${length}`;
  if (array instanceof kindOf[kind] && array.length === length) return;
  const got = array === undefined ? "nothing" : `${array.constructor.name} of ${array.length}`;
  throw new TrainingError("BATCH", `batch: ${field}: expected ${expected}, got ${got}`, {
    field,
    expected,
    got,
  });
}

/** `image` and `box` of `rows` rows; without boxes the whole pictures are taken. */
export function imageFeeds(
  { image, box }: Pick<Batch, "image" | "box">,
  rows: number,
  shape: RowShape,
): Feeds {
  checkArray("image", image, shape.image, rows * shape.imageElements);
  if (shape.image === "vector") return { image };
  if (box) checkArray("box", box, "vector", rows * 5);
  return { image, box: box ?? wholePictures(rows, shape.source) };
}

function wholePictures(rows: number, [height, width]: readonly [number, number]): Float32Array {
  const box = new Float32Array(rows * 5);
  for (let row = 0; row < rows; row++) box.set([0, 0, height, width, 0], row * 5);
  return box;
}

/** `text` of `rows` rows. */
export function textFeeds({ text }: Pick<Batch, "text">, rows: number, shape: RowShape): Feeds {
  checkArray("text", text, shape.text, rows * shape.textElements);
  return { text };
}

/** Throws BATCH unless there is one class in [0, classes) for each row. */
export function checkLabels(field: string, labels: Int32Array, rows: number, classes: number): void {
  checkArray(field, labels, "ids", rows);
  const row = labels.findIndex((label) => label < 0 || label >= classes);
  if (row < 0) return;
  const message = `batch: ${field}[${row}]: expected a class from 0 to ${classes - 1}, got ${labels[row]}`;
  throw new TrainingError("BATCH", message, { field, row, classes, got: labels[row] });
}

/** Copies `array` into a longer one of its type, zeros behind; the same array where the length fits. */
export function padded<T extends TypedArray>(array: T, length: number): T {
  if (array.length >= length) return array;
  const result = new (array.constructor as new (size: number) => T)(length);
  result.set(array as never);
  return result;
}
