import { Graph, type Value } from "../graph/graph.js";
import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { add, countGreater, matmul, transpose } from "../ops/index.js";
import { checkEmbeddings, type LabelledEmbeddings } from "./labelled-embeddings.js";
import { SortedRows } from "./sorted-rows.js";
import { retrievalResult, summarizeRanks, type RetrievalResult } from "./summary.js";

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

/** Largest blocks of queries and gallery: of cosines, and of scores that need all numbers of every pair. */
const COSINE_ROWS = [1024, 2048] as const;
const SCORED_ROWS = [64, 128] as const;
/** Rows a multiple of a page apart would compete for the same few lines of the cache. */
const pageApart = (dimension: number): boolean => dimension % 1024 === 0;

/**
 * Recalls in percent and ranks of both directions in one pass over the similarity matrix; see
 * {@link matchRanks} for the rule of ties. Throws EMBEDDING or DISPOSED as it does.
 */
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
 * Ranks of best matches by dot product, both ways. Ties count against the one that asks: a rank is 1 + the
 * number of wrong items that score as high or higher, so that equal embeddings rank last instead of first.
 * Works by blocks of the similarity matrix; the whole of it never exists.
 *
 * Throws EMBEDDING when a row count does not fit or a number is not finite, the signal's reason when it is
 * raised, DISPOSED when the Store is closed.
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

interface BlockFeeds {
  readonly [name: string]: Float32Array;
  readonly query: Float32Array;
  readonly gallery: Float32Array;
}

class BlockSearch {
  readonly #queries: SortedRows;
  readonly #gallery: SortedRows;
  readonly #width: number;
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
    const stride = !score && pageApart(dimension) ? dimension + 16 : dimension;
    this.#queries = new SortedRows(queries, dimension, { largest: queryRows ?? rows[0], stride });
    this.#gallery = new SortedRows(gallery, dimension, { largest: galleryRows ?? rows[1], stride });
    this.#width = stride;
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
    const query = graph.input("query", [this.#queries.blockRows, this.#width]);
    const gallery = graph.input("gallery", [this.#gallery.blockRows, this.#width]);
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
