import type { TextRows } from "./text-rows.js";

/** Moves `count` left-aligned words of one text to `start`, zeros elsewhere (paper A, 3.2: position shift). */
export function shiftWords(
  target: Int32Array | Float32Array,
  offset: number,
  length: number,
  count: number,
  start: number,
): void {
  target.copyWithin(offset + start, offset, offset + count);
  target.fill(0, offset, offset + start);
  target.fill(0, offset + start + count, offset + length);
}

/** Keeps each word with probability 1 - rate, at least one; returns how many are left, packed to the front. */
function dropWords(
  target: Int32Array | Float32Array,
  offset: number,
  count: number,
  rate: number,
  uniform: (place: number) => number,
): number {
  let kept = 0;
  for (let place = 0; place < count; place++) {
    const forced = kept === 0 && place === count - 1;
    if (!forced && uniform(place) < rate) continue;
    target[offset + kept++] = target[offset + place] as number;
  }
  target.fill(0, offset + kept, offset + count);
  return kept;
}

/** Draws that place one training text. */
export interface PlaceDraws {
  /** Uniform in {0 .. bound - 1}: the start of the words. */
  readonly start: (bound: number) => number;
  /** Uniform in [0, 1) for each place: whether its word is dropped. */
  readonly word: (place: number) => number;
}

/** Writes text `row` as text `index` of a batch, with word dropout and shift (start uniform in {0 .. length - L}). */
export function placeText(
  texts: TextRows,
  target: Int32Array | Float32Array,
  index: number,
  row: number,
  options: { readonly shift: boolean; readonly wordDropout: number },
  draws: PlaceDraws,
): void {
  texts.write(target, index, row);
  if (texts.kind === "vectors") return;
  const offset = index * texts.length;
  let count = texts.filled(row);
  if (options.wordDropout > 0) count = dropWords(target, offset, count, options.wordDropout, draws.word);
  if (options.shift) shiftWords(target, offset, texts.length, count, draws.start(texts.length - count + 1));
}
