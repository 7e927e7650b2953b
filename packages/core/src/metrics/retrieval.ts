import { Graph, type Value } from "../graph/graph.js";
import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { add, countGreater, matmul, transpose } from "../ops/index.js";
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

/** Scores [N, M] of rows [N, D] against rows [M, D], whichever of both are queries. */
export type PairScore = (a: Value, b: Value) => Value;

/** How the cosines are counted. */
export interface RetrievalOptions {
  /** Takes the place of the cosine. */
  readonly score?: PairScore;
  /** Largest block of the similarity matrix, in rows of queries and of the gallery. */
  readonly queryRows?: number;
  readonly galleryRows?: number;
  readonly signal?: AbortSignal;
}

const GRAIN = 32;
/** Largest blocks of queries and gallery: of cosines, and of scores that need all numbers of every pair. */
const COSINE_ROWS = [1024, 2048] as const;
const SCORED_ROWS = [64, 128] as const;
/** Far below any score: what fills up a block never counts. */
const EXCLUDED = -1e30;

/** Both directions in one pass over the similarity matrix; see {@link matchRanks} for the rule of ties. */
export async function retrieval(
  store: Store,
  { images, texts, dimension }: RetrievalInput,
  options: RetrievalOptions = {},
): Promise<RetrievalResult> {
  const ranks = await matchRanks(store, images, texts, dimension, options);
  return retrievalResult(summarizeRanks(ranks.queries), summarizeRanks(ranks.gallery));
}

/** 1-based ranks of the best match, 0 where there is none. */
export interface MatchRanks {
  /** Of each query among the gallery. */
  readonly queries: Int32Array;
  /** Of each item of the gallery among the queries. */
  readonly gallery: Int32Array;
}

/**
 * Ranks of best matches by dot product, both ways. Ties count against the one that asks: a rank is 1 + the number of
 * wrong items that score as high or higher, so that equal embeddings rank last instead of first. Works by blocks of
 * the similarity matrix; the whole of it never exists.
 * Throws EMBEDDING when a row count does not fit or a number is not finite.
 */
export async function matchRanks(
  store: Store,
  queries: LabelledEmbeddings,
  gallery: LabelledEmbeddings,
  dimension: number,
  options: RetrievalOptions = {},
): Promise<MatchRanks> {
  checkEmbeddings("queries", queries, dimension);
  checkEmbeddings("gallery", gallery, dimension);
  if (queries.labels.length === 0 || gallery.labels.length === 0) {
    return {
      queries: new Int32Array(queries.labels.length),
      gallery: new Int32Array(gallery.labels.length),
    };
  }
  const search = new BlockSearch(queries, gallery, dimension, options);
  try {
    await search.open(store);
    await search.findMatches(options.signal);
    await search.countWrong(options.signal);
    return search.ranks();
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
  let index = 0;
  while (index < expected && Number.isFinite(embedding[index])) index++;
  if (index === expected) return;
  const row = Math.floor(index / dimension);
  const message = `retrieval: ${what}: row ${row} holds ${embedding[index]}, expected finite numbers`;
  throw new TrainingError("EMBEDDING", message, { what, row });
}

/** Rows in the order of their labels, so that matches lie close to the diagonal of the similarity matrix. */
class SortedRows {
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
  readonly #block: Float32Array;

  constructor({ embedding, labels }: LabelledEmbeddings, dimension: number, largest: number) {
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
    this.#block = new Float32Array(this.blockRows * dimension);
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
    const dimension = this.#dimension;
    this.#block.fill(0, (last - first) * dimension);
    for (let row = first; row < last; row++) {
      const from = this.#order[row]! * dimension;
      this.#block.set(this.#embedding.subarray(from, from + dimension), (row - first) * dimension);
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

interface BlockFeeds {
  readonly [name: string]: Float32Array;
  readonly query: Float32Array;
  readonly gallery: Float32Array;
}

class BlockSearch {
  readonly #queries: SortedRows;
  readonly #gallery: SortedRows;
  readonly #dimension: number;
  readonly #score: PairScore | undefined;
  #scores: Program | undefined;
  #counts: Program | undefined;

  constructor(
    queries: LabelledEmbeddings,
    gallery: LabelledEmbeddings,
    dimension: number,
    options: RetrievalOptions,
  ) {
    const { score, queryRows, galleryRows } = options;
    const rows = score ? SCORED_ROWS : COSINE_ROWS;
    this.#queries = new SortedRows(queries, dimension, queryRows ?? rows[0]);
    this.#gallery = new SortedRows(gallery, dimension, galleryRows ?? rows[1]);
    this.#dimension = dimension;
    this.#score = score;
  }

  /** Two programs with the same product, so that a score has the same bits in both. */
  async open(store: Store): Promise<void> {
    const { graph, scores } = this.#product("scores");
    this.#scores = await store.compile(graph, { taps: { scores } });
    const counting = this.#product("counts");
    const queryBest = counting.graph.input("queryBest", [this.#queries.blockRows]);
    const galleryBest = counting.graph.input("galleryBest", [this.#gallery.blockRows]);
    const queries = countGreater(counting.scores, queryBest, "queries");
    const gallery = countGreater(transpose(counting.scores, { permutation: [1, 0] }), galleryBest, "gallery");
    const taps = {
      queryAbove: queries.greater,
      queryEqual: queries.equal,
      galleryAbove: gallery.greater,
      galleryEqual: gallery.equal,
    };
    this.#counts = await store.compile(counting.graph, { taps });
  }

  #product(name: string): { graph: Graph; scores: Value } {
    const graph = new Graph(`retrieval.${name}`);
    const query = graph.input("query", [this.#queries.blockRows, this.#dimension]);
    const gallery = graph.input("gallery", [this.#gallery.blockRows, this.#dimension]);
    if (this.#score === undefined)
      return { graph, scores: matmul(query, gallery, { transposeB: true }, "scores") };
    const queryPadding = graph.input("queryPadding", [this.#queries.blockRows, 1]);
    const galleryPadding = graph.input("galleryPadding", [1, this.#gallery.blockRows]);
    const scores = add(add(this.#score(query, gallery), queryPadding), galleryPadding, "scores");
    return { graph, scores };
  }

  /** What keeps scores of padding from counting; the cosine of padding is 0 and is taken off by its number. */
  #paddings(own: number, other: number): Record<string, Float32Array> {
    if (this.#score === undefined) return {};
    return { queryPadding: this.#queries.padding(own), galleryPadding: this.#gallery.padding(other) };
  }

  async dispose(): Promise<void> {
    await this.#scores?.dispose();
    await this.#counts?.dispose();
  }

  /** Finds the best match of everybody, from the blocks that hold matches. */
  async findMatches(signal: AbortSignal | undefined): Promise<void> {
    for (const [own, other, feeds] of this.#blocks(signal)) {
      const [firstQuery, lastQuery] = this.#queries.range(own);
      const [firstItem, lastItem] = this.#gallery.range(other);
      const [queryLabels, itemLabels] = [this.#queries.labels, this.#gallery.labels];
      if (queryLabels[firstQuery]! > itemLabels[lastItem - 1]!) continue;
      if (itemLabels[firstItem]! > queryLabels[lastQuery - 1]!) continue;
      const { scores } = await this.#scores!.step(feeds());
      let first = firstItem;
      for (let query = firstQuery; query < lastQuery; query++) {
        while (first < lastItem && itemLabels[first]! < queryLabels[query]!) first++;
        for (let item = first; item < lastItem && itemLabels[item] === queryLabels[query]; item++) {
          const score = scores![(query - firstQuery) * this.#gallery.blockRows + item - firstItem] as number;
          this.#queries.take(query, score);
          this.#gallery.take(item, score);
        }
      }
    }
  }

  /** Counts what scores at least as high as the best match of everybody. */
  async countWrong(signal: AbortSignal | undefined): Promise<void> {
    for (const [own, other, feeds] of this.#blocks(signal)) {
      const [firstQuery, lastQuery] = this.#queries.range(own);
      const [firstItem, lastItem] = this.#gallery.range(other);
      const counts = (await this.#counts!.step({
        ...feeds(),
        queryBest: this.#queries.thresholds(own),
        galleryBest: this.#gallery.thresholds(other),
      })) as Record<string, Int32Array>;
      const { queryAbove, queryEqual, galleryAbove, galleryEqual } = counts;
      const zeros = this.#score === undefined ? 1 : 0;
      const [queryPadding, itemPadding] = [
        zeros * (this.#queries.blockRows - (lastQuery - firstQuery)),
        zeros * (this.#gallery.blockRows - (lastItem - firstItem)),
      ];
      this.#queries.count(own, queryAbove!, queryEqual!, itemPadding);
      this.#gallery.count(other, galleryAbove!, galleryEqual!, queryPadding);
    }
  }

  /** All pairs of blocks; the embeddings of a pair are gathered when they are asked for. */
  *#blocks(signal: AbortSignal | undefined): Generator<readonly [number, number, () => BlockFeeds]> {
    for (let other = 0; other < this.#gallery.blocks; other++) {
      let gallery: Float32Array | undefined;
      for (let own = 0; own < this.#queries.blocks; own++) {
        signal?.throwIfAborted();
        yield [
          own,
          other,
          () => ({
            query: this.#queries.block(own),
            gallery: (gallery ??= this.#gallery.block(other)),
            ...this.#paddings(own, other),
          }),
        ];
      }
    }
  }

  ranks(): MatchRanks {
    return { queries: this.#queries.ranks(), gallery: this.#gallery.ranks() };
  }
}
