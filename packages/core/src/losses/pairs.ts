import type { Value } from "../graph/graph.js";
import { broadcastTo, reshape } from "../ops/index.js";

/** Embedded rows of both paths, [draws * a, D] and [draws * b, D]: each draw brings a images and b texts. */
export interface EmbeddedRows {
  readonly image: Value;
  readonly text: Value;
}

/** Every image of a draw with every text of it: [draws * a * b, D] each, row i of one with row i of the other. */
export interface Pairs extends EmbeddedRows {
  /** Labels [draws * a] and [draws * b] of the rows as labels [draws * a * b] of the pairs. */
  labels(image: Int32Array, text: Int32Array): readonly [image: Int32Array, text: Int32Array];
}

/**
 * Pairs up what each draw brought. An image that was encoded once stands in as many pairs as it has texts, and adds
 * up their gradients.
 */
export function pairsOf({ image, text }: EmbeddedRows, draws: number): Pairs {
  const images = image.shape[0]! / draws;
  const texts = text.shape[0]! / draws;
  if (images === 1 && texts === 1) return { image, text, labels: (...labels) => labels };
  const repeated = (x: Value, split: readonly number[], name: string): Value => {
    const dimension = x.shape[1]!;
    const cells = reshape(x, { shape: [draws, ...split, dimension] });
    const all = broadcastTo(cells, { shape: [draws, images, texts, dimension] });
    return reshape(all, { shape: [draws * images * texts, dimension] }, name);
  };
  const pairs = Array.from({ length: draws * images * texts }, (_, pair) => pair);
  const imageOf = (pair: number): number => Math.floor(pair / texts);
  const textOf = (pair: number): number => Math.floor(pair / (images * texts)) * texts + (pair % texts);
  return {
    image: repeated(image, [images, 1], "pairs.image"),
    text: repeated(text, [1, texts], "pairs.text"),
    labels: (imageLabel, textLabel) => [
      Int32Array.from(pairs, (pair) => imageLabel[imageOf(pair)]!),
      Int32Array.from(pairs, (pair) => textLabel[textOf(pair)]!),
    ],
  };
}
