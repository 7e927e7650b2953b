import type { LabelledEmbeddings } from "./labelled-embeddings.js";

/** Blocks hold a multiple of so many rows. */
const GRAIN = 32;
/** Far below any score: what fills up a block never counts. */
const EXCLUDED = -1e30;

/** Rows in the order of their labels, so that matches lie close to the diagonal of the similarity matrix. */
export class SortedRows {
  readonly labels: Int32Array;
  readonly blockRows: number;
  readonly blocks: number;
  /** Highest score of a match of each row. */
  readonly best: Float32Array;
  /** Matches that reach it. */
  readonly matches: Int32Array;
  /** Items that score at least as high, those matches counted as well. */
  readonly reaching: Int32Array;
  readonly #order: Int32Array;
  readonly #embedding: Float32Array;
  readonly #dimension: number;
  readonly #stride: number;
  readonly #block: Float32Array;

  /** `largest`: most rows of a block; `stride`: numbers of a row of it, zeros behind the embedding's own. */
  constructor(
    { embedding, labels }: LabelledEmbeddings,
    dimension: number,
    { largest, stride }: { readonly largest: number; readonly stride: number },
  ) {
    this.#order = Int32Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
    this.labels = this.#order.map((row) => labels[row]!);
    this.blockRows = Math.min(largest, Math.ceil(labels.length / GRAIN) * GRAIN);
    this.blocks = Math.ceil(labels.length / this.blockRows);
    const rows = this.blocks * this.blockRows;
    this.best = new Float32Array(rows);
    this.matches = new Int32Array(rows);
    this.reaching = new Int32Array(rows);
    this.#embedding = embedding;
    this.#dimension = dimension;
    this.#stride = stride;
    this.#block = new Float32Array(this.blockRows * stride);
  }

  /** First and last row of a block, the last one not included; behind them it is filled with zeros. */
  range(block: number): readonly [number, number] {
    const first = block * this.blockRows;
    return [first, Math.min(first + this.blockRows, this.labels.length)];
  }

  /** 0 for the rows of a block, a large negative number behind them. */
  padding(block: number): Float32Array {
    const [first, last] = this.range(block);
    return new Float32Array(this.blockRows).fill(EXCLUDED, last - first);
  }

  /** The embeddings of a block, in an array that the next call fills anew. */
  block(block: number): Float32Array {
    const [first, last] = this.range(block);
    const [dimension, stride] = [this.#dimension, this.#stride];
    this.#block.fill(0, (last - first) * stride);
    for (let row = first; row < last; row++) {
      const from = this.#order[row]! * dimension;
      this.#block.set(this.#embedding.subarray(from, from + dimension), (row - first) * stride);
    }
    return this.#block;
  }

  /** The best scores of a block's rows. */
  thresholds(block: number): Float32Array {
    return this.best.subarray(block * this.blockRows, (block + 1) * this.blockRows);
  }

  /** Takes the score of a match of a row in. */
  take(row: number, score: number): void {
    const known = this.matches[row]! > 0;
    if (known && score < this.best[row]!) return;
    this.matches[row] = known && score === this.best[row] ? this.matches[row]! + 1 : 1;
    this.best[row] = score;
  }

  /** Takes the items of a block that score above and equal to the thresholds in; `padding` of them are zeros. */
  count(block: number, above: Int32Array, equal: Int32Array, padding: number): void {
    const [first, last] = this.range(block);
    for (let row = first; row < last; row++) {
      const zeros = this.best[row]! <= 0 ? padding : 0;
      this.reaching[row]! += above[row - first]! + equal[row - first]! - zeros;
    }
  }

  ranks(): Int32Array {
    const ranks = new Int32Array(this.labels.length);
    this.#order.forEach((target, row) => {
      const wrong = this.reaching[row]! - this.matches[row]!;
      ranks[target] = this.matches[row] === 0 ? 0 : 1 + Math.max(0, wrong);
    });
    return ranks;
  }
}
