import { Graph } from "../graph/graph.js";
import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { countGreater, matmul } from "../ops/index.js";
import { TrainingError } from "../train/errors.js";
import { retrievalResult, summarizeRanks, type RetrievalResult } from "./summary.js";

/** Rows to compare, [count, dimension] row by row; equal labels match. Cosine needs unit rows. */
export interface LabelledEmbeddings {
  readonly embedding: Float32Array;
  readonly labels: Int32Array;
}

/** Two sets of one dimension to be searched by each other. */
export interface RetrievalInput {
  readonly images: LabelledEmbeddings;
  readonly texts: LabelledEmbeddings;
  readonly dimension: number;
}

/** How the cosines are counted. */
export interface RetrievalOptions {
  /** Largest block of the similarity matrix, in rows of queries and of the gallery. */
  readonly queryRows?: number;
  readonly galleryRows?: number;
  readonly signal?: AbortSignal;
}

const GRAIN = 32;

/** Both directions; see {@link matchRanks} for the rule of ties. */
export async function retrieval(
  store: Store,
  { images, texts, dimension }: RetrievalInput,
  options: RetrievalOptions = {},
): Promise<RetrievalResult> {
  const imageRanks = await matchRanks(store, images, texts, dimension, options);
  const textRanks = await matchRanks(store, texts, images, dimension, options);
  return retrievalResult(summarizeRanks(imageRanks), summarizeRanks(textRanks));
}

/**
 * 1-based rank of each query's best match in the gallery by dot product, 0 where the gallery holds no match.
 * Ties count against the query: a rank is 1 + the number of wrong items that score as high or higher, so that equal
 * embeddings rank last instead of first. Works by blocks of the similarity matrix; the whole of it never exists.
 * Throws EMBEDDING when a row count does not fit or a number is not finite.
 */
export async function matchRanks(
  store: Store,
  queries: LabelledEmbeddings,
  gallery: LabelledEmbeddings,
  dimension: number,
  options: RetrievalOptions = {},
): Promise<Int32Array> {
  checkEmbeddings("queries", queries, dimension);
  checkEmbeddings("gallery", gallery, dimension);
  const ranks = new Int32Array(queries.labels.length);
  if (ranks.length === 0 || gallery.labels.length === 0) return ranks;
  const search = new BlockSearch(queries, gallery, dimension, options);
  try {
    await search.open(store);
    for (let block = 0; block < search.queryBlocks; block++) {
      options.signal?.throwIfAborted();
      await search.rank(block, ranks);
    }
    return ranks;
  } finally {
    await search.dispose();
  }
}

/** Throws EMBEDDING when a row count does not fit or a number is not finite. */
export function checkEmbeddings(
  what: string,
  { embedding, labels }: LabelledEmbeddings,
  dimension: number,
): void {
  const expected = labels.length * dimension;
  if (embedding.length !== expected) {
    const message = `retrieval: ${what}: expected ${labels.length} x ${dimension} numbers, got ${embedding.length}`;
    throw new TrainingError("EMBEDDING", message, { what, expected, got: embedding.length });
  }
  const index = embedding.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  const row = Math.floor(index / dimension);
  const message = `retrieval: ${what}: row ${row} holds ${embedding[index]}, expected finite numbers`;
  throw new TrainingError("EMBEDDING", message, { what, row });
}

/** Rows in the order of their labels, so that matches lie close to the diagonal of the similarity matrix. */
class SortedRows {
  readonly order: Int32Array;
  readonly labels: Int32Array;
  readonly blockRows: number;
  readonly blocks: number;
  readonly #embedding: Float32Array;
  readonly #dimension: number;

  constructor({ embedding, labels }: LabelledEmbeddings, dimension: number, largest: number) {
    this.order = Int32Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
    this.labels = this.order.map((row) => labels[row]!);
    this.blockRows = Math.min(largest, Math.ceil(labels.length / GRAIN) * GRAIN);
    this.blocks = Math.ceil(labels.length / this.blockRows);
    this.#embedding = embedding;
    this.#dimension = dimension;
  }

  /** Real rows of a block; the rest of it is zeros. */
  count(block: number): number {
    return Math.min(this.blockRows, this.labels.length - block * this.blockRows);
  }

  block(block: number): Float32Array {
    const rows = new Float32Array(this.blockRows * this.#dimension);
    for (let row = 0; row < this.count(block); row++) {
      const from = this.order[block * this.blockRows + row]! * this.#dimension;
      rows.set(this.#embedding.subarray(from, from + this.#dimension), row * this.#dimension);
    }
    return rows;
  }

  /** True when a block may hold one of the labels from `lowest` to `highest`. */
  overlaps(block: number, lowest: number, highest: number): boolean {
    const first = block * this.blockRows;
    return this.labels[first]! <= highest && this.labels[first + this.count(block) - 1]! >= lowest;
  }
}

class BlockSearch {
  readonly #queries: SortedRows;
  readonly #gallery: SortedRows;
  readonly #dimension: number;
  readonly #programs: Program[] = [];

  constructor(
    queries: LabelledEmbeddings,
    gallery: LabelledEmbeddings,
    dimension: number,
    options: RetrievalOptions,
  ) {
    this.#queries = new SortedRows(queries, dimension, options.queryRows ?? 512);
    this.#gallery = new SortedRows(gallery, dimension, options.galleryRows ?? 2048);
    this.#dimension = dimension;
  }

  get queryBlocks(): number {
    return this.#queries.blocks;
  }

  /** Two programs with the same product, so that a score has the same bits in both. */
  async open(store: Store): Promise<void> {
    for (const kind of ["scores", "counts"] as const) {
      const graph = new Graph(`retrieval.${kind}`);
      const query = graph.input("query", [this.#queries.blockRows, this.#dimension]);
      const gallery = graph.input("gallery", [this.#gallery.blockRows, this.#dimension]);
      const scores = matmul(query, gallery, { transposeB: true }, "scores");
      const threshold = kind === "counts" ? graph.input("threshold", [this.#queries.blockRows]) : undefined;
      const taps = threshold ? countGreater(scores, threshold, "count") : { scores };
      this.#programs.push(await store.compile(graph, { taps: { ...taps } }));
    }
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs) await program.dispose();
  }

  /** Writes the ranks of one block of queries. */
  async rank(block: number, ranks: Int32Array): Promise<void> {
    const query = this.#queries.block(block);
    const best = await this.#bestMatches(block, query);
    const wrong = await this.#wrongAtLeast(query, best);
    for (let row = 0; row < this.#queries.count(block); row++) {
      const target = this.#queries.order[block * this.#queries.blockRows + row]!;
      ranks[target] = best.matches[row] === 0 ? 0 : Math.max(1, 1 + wrong[row]!);
    }
  }

  /** Highest score of a match of each query, and how many matches reach it. */
  async #bestMatches(block: number, query: Float32Array): Promise<BestMatches> {
    const first = block * this.#queries.blockRows;
    const labels = this.#queries.labels.subarray(first, first + this.#queries.count(block));
    const best = new BestMatches(this.#queries.blockRows);
    for (let other = 0; other < this.#gallery.blocks; other++) {
      if (!this.#gallery.overlaps(other, labels[0]!, labels[labels.length - 1]!)) continue;
      const { scores } = await this.#programs[0]!.step({ query, gallery: this.#gallery.block(other) });
      const start = other * this.#gallery.blockRows;
      const galleryLabels = this.#gallery.labels.subarray(start, start + this.#gallery.count(other));
      best.update(scores as Float32Array, labels, galleryLabels, this.#gallery.blockRows);
    }
    return best;
  }

  /** For each query, the items that score at least its best match, matches not counted. */
  async #wrongAtLeast(query: Float32Array, best: BestMatches): Promise<Float64Array> {
    const wrong = Float64Array.from(best.matches, (count) => -count);
    const threshold = best.scores;
    for (let other = 0; other < this.#gallery.blocks; other++) {
      const feeds = { query, gallery: this.#gallery.block(other), threshold };
      const { greater, equal } = await this.#programs[1]!.step(feeds);
      const padding = this.#gallery.blockRows - this.#gallery.count(other);
      for (let row = 0; row < wrong.length; row++) {
        const paddingCounted = threshold[row]! <= 0 ? padding : 0;
        wrong[row]! += (greater as Int32Array)[row]! + (equal as Int32Array)[row]! - paddingCounted;
      }
    }
    return wrong;
  }
}

class BestMatches {
  readonly scores: Float32Array;
  readonly matches: Int32Array;

  constructor(rows: number) {
    this.scores = new Float32Array(rows);
    this.matches = new Int32Array(rows);
  }

  /** Takes one block of scores in; both label lists are sorted. */
  update(scores: Float32Array, labels: Int32Array, galleryLabels: Int32Array, stride: number): void {
    let first = 0;
    labels.forEach((label, row) => {
      while (first < galleryLabels.length && galleryLabels[first]! < label) first++;
      for (let column = first; galleryLabels[column] === label; column++) {
        this.#take(row, scores[row * stride + column]!);
      }
    });
  }

  #take(row: number, score: number): void {
    const known = this.matches[row]! > 0;
    if (known && score < this.scores[row]!) return;
    const tied = known && score === this.scores[row];
    this.matches[row] = tied ? this.matches[row]! + 1 : 1;
    this.scores[row] = score;
  }
}
