import { vectorTexts, type TextRows } from "../loader/text-rows.js";

/** Turns texts into vectors of one length. */
export interface TextTransform {
  readonly dimension: number;
  /** Writes the vector of a text as row `index` of `target`, float32 [rows, dimension]. */
  write(text: string, target: Float32Array, index: number): void;
}

/** The vector of one text. */
export function transformText(transform: TextTransform, text: string): Float32Array {
  const vector = new Float32Array(transform.dimension);
  transform.write(text, vector, 0);
  return vector;
}

/**
 * Vectors of many texts, in order, in blocks of at most `rows`: float32 [n, dimension], a new array each.
 * Memory is that of one block.
 */
export async function* transformTexts(
  transform: TextTransform,
  texts: Iterable<string> | AsyncIterable<string>,
  rows = 1024,
): AsyncGenerator<Float32Array, void, undefined> {
  const { dimension } = transform;
  let block = new Float32Array(rows * dimension);
  let filled = 0;
  for await (const text of texts) {
    transform.write(text, block, filled++);
    if (filled < rows) continue;
    yield block;
    block = new Float32Array(rows * dimension);
    filled = 0;
  }
  if (filled > 0) yield block.slice(0, filled * dimension);
}

/** Vectors of the captions of a corpus in row order, for `trainingData({ texts })`: one array in memory. */
export function captionVectors(transform: TextTransform, captions: readonly string[]): TextRows {
  const { dimension } = transform;
  const vectors = new Float32Array(captions.length * dimension);
  captions.forEach((caption, row) => transform.write(caption, vectors, row));
  return vectorTexts(vectors, dimension);
}

/** Scales a row to length 1; a row of zeros stays. */
export function normaliseRow(target: Float32Array, index: number, dimension: number): void {
  const row = target.subarray(index * dimension, (index + 1) * dimension);
  const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  if (length > 0)
    for (let place = 0; place < dimension; place++) row[place] = (row[place] as number) / length;
}
