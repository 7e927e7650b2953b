import { Graph } from "../graph/graph.js";
import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { matmul } from "../ops/index.js";
import { checkEmbeddings, type LabelledEmbeddings } from "./labelled-embeddings.js";
import type { RetrievalOptions } from "./retrieval.js";

/** How well all matches of a query are ranked, in percent; queries without a match are left out. */
export interface PrecisionSummary {
  /** Mean over queries of the mean over matches of (matches so far) / (rank of the match). */
  readonly meanAveragePrecision: number;
  /** The same with each precision averaged with that one rank before, as paper A's code counts it. */
  readonly trapezoidalPrecision: number;
  /** mINP: matches / rank of the last match. */
  readonly inverseNegativePenalty: number;
  readonly queries: number;
}

const QUERY_ROWS = 256;
const GALLERY_ROWS = 2048;

/**
 * Precision over all matches, in percent, for identities with several pictures (CUHK-PEDES). Rows are
 * [count, dimension]. A wrong item that ties with a match counts as ranked before it. Throws EMBEDDING as
 * {@link matchRanks}, the signal's reason when it is raised, DISPOSED when the Store is closed.
 */
export async function precision(
  store: Store,
  queries: LabelledEmbeddings,
  gallery: LabelledEmbeddings,
  dimension: number,
  { signal }: Pick<RetrievalOptions, "signal"> = {},
): Promise<PrecisionSummary> {
  checkEmbeddings("queries", queries, dimension);
  checkEmbeddings("gallery", gallery, dimension);
  const matches = positions(gallery.labels);
  const parts: QueryPrecision[] = [];
  const graph = new Graph("precision");
  const query = graph.input("query", [QUERY_ROWS, dimension]);
  const items = graph.input("gallery", [GALLERY_ROWS, dimension]);
  const scores = matmul(query, items, { transposeB: true }, "scores");
  const program = await store.compile(graph, { taps: { scores } });
  try {
    for (let first = 0; first < queries.labels.length; first += QUERY_ROWS) {
      signal?.throwIfAborted();
      const labels = queries.labels.subarray(first, first + QUERY_ROWS);
      const block = await allScores(
        program,
        rowsFrom(queries, first, QUERY_ROWS, dimension),
        gallery,
        dimension,
      );
      labels.forEach((label, row) => {
        const own = matches.get(label);
        const line = block.subarray(row * gallery.labels.length, (row + 1) * gallery.labels.length);
        if (own) parts.push(precisionOf(line, own));
      });
    }
  } finally {
    await program.dispose();
  }
  return summary(parts);
}

function positions(labels: Int32Array): ReadonlyMap<number, ReadonlySet<number>> {
  const found = new Map<number, Set<number>>();
  labels.forEach((label, position) => {
    const known = found.get(label);
    if (known) known.add(position);
    else found.set(label, new Set([position]));
  });
  return found;
}

/** `count` rows from `first` on, zeros behind the last. */
function rowsFrom(
  { embedding }: LabelledEmbeddings,
  first: number,
  count: number,
  dimension: number,
): Float32Array {
  const rows = new Float32Array(count * dimension);
  rows.set(embedding.subarray(first * dimension, (first + count) * dimension));
  return rows;
}

/** Scores of a block of queries with the whole gallery, [QUERY_ROWS, gallery]. */
async function allScores(
  program: Program,
  query: Float32Array,
  gallery: LabelledEmbeddings,
  dimension: number,
): Promise<Float32Array> {
  const width = gallery.labels.length;
  const block = new Float32Array(QUERY_ROWS * width);
  for (let first = 0; first < width; first += GALLERY_ROWS) {
    const { scores } = await program.step({
      query,
      gallery: rowsFrom(gallery, first, GALLERY_ROWS, dimension),
    });
    const count = Math.min(GALLERY_ROWS, width - first);
    for (let row = 0; row < QUERY_ROWS; row++) {
      const begin = row * GALLERY_ROWS;
      block.set((scores as Float32Array).subarray(begin, begin + count), row * width + first);
    }
  }
  return block;
}

interface QueryPrecision {
  readonly average: number;
  readonly trapezoid: number;
  readonly penalty: number;
}

function precisionOf(scores: Float32Array, own: ReadonlySet<number>): QueryPrecision {
  const ranks = matchPositions(scores, own);
  const at = (rank: number, hits: number): number => (rank === 0 ? 1 : hits / rank);
  const sums = ranks.reduce(
    ({ average, trapezoid }, rank, index) => ({
      average: average + at(rank, index + 1),
      trapezoid: trapezoid + (at(rank, index + 1) + at(rank - 1, index)) / 2,
    }),
    { average: 0, trapezoid: 0 },
  );
  const count = ranks.length;
  return {
    average: sums.average / count,
    trapezoid: sums.trapezoid / count,
    penalty: count / ranks[count - 1]!,
  };
}

/** 1-based ranks of the matches, best first: the k-th is k + the wrong items that score at least as high. */
function matchPositions(scores: Float32Array, own: ReadonlySet<number>): number[] {
  const best = Array.from(own, (position) => scores[position]!).sort((a, b) => b - a);
  const wrong = best.map(() => 0);
  scores.forEach((score, position) => {
    if (score < best[best.length - 1]! || own.has(position)) return;
    const first = best.findIndex((match) => score >= match);
    wrong[first]! += 1;
  });
  let before = 0;
  return wrong.map((count, index) => (before += count) + index + 1);
}

function summary(parts: readonly QueryPrecision[]): PrecisionSummary {
  const mean = (pick: (part: QueryPrecision) => number): number =>
    (100 * parts.reduce((sum, part) => sum + pick(part), 0)) / parts.length;
  return {
    meanAveragePrecision: mean(({ average }) => average),
    trapezoidalPrecision: mean(({ trapezoid }) => trapezoid),
    inverseNegativePenalty: mean(({ penalty }) => penalty),
    queries: parts.length,
  };
}
