import type { TypedArray } from "../graph/types.js";

/** A batch of texts with the rows in it that count. */
export interface PlacedTexts<T extends TypedArray> {
  readonly text: T;
  readonly rows: readonly number[];
}

/** Words of a left-aligned text: ids up to the first pad. */
function wordCount(ids: Int32Array): number {
  const end = ids.indexOf(0);
  return end < 0 ? ids.length : end;
}

/**
 * The same `count` left-aligned texts of `length` ids with their words moved right by 0, 1, 2, ... places; a row counts
 * as long as its words fit, so that a text of L words has length + 1 - L places (paper A's code).
 */
export function* placedTexts(
  left: Int32Array,
  length: number,
  count: number,
): Generator<PlacedTexts<Int32Array>, void, void> {
  const rowOf = (row: number): Int32Array => left.subarray(row * length, (row + 1) * length);
  const words = Array.from({ length: count }, (_, row) => wordCount(rowOf(row)));
  const shortest = Math.min(...words);
  for (let start = 0; start <= length - shortest; start++) {
    const text = new Int32Array(left.length);
    const rows = words.flatMap((filled, row) => (start + filled <= length ? [row] : []));
    for (const row of rows) text.set(rowOf(row).subarray(0, words[row]), row * length + start);
    yield { text, rows };
  }
}

/** Texts that are vectors have one place. */
export function* wholeTexts<T extends TypedArray>(
  text: T,
  count: number,
): Generator<PlacedTexts<T>, void, void> {
  yield { text, rows: Array.from({ length: count }, (_, row) => row) };
}
