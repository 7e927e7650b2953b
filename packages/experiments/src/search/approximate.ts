import { setImmediate as breathe } from "node:timers/promises";
import type { Neighbours, RowSource } from "@dualpath/core";
import usearch from "usearch";
import { ExperimentError, messageOf } from "../errors.js";

export interface BuildOptions {
  readonly threads: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

type Graph = InstanceType<typeof usearch.Index>;

/** Vectors that go in between two looks at the signal. */
const PART = 2048;

/** Neighbours of a vector, and candidates looked at while adding and while searching. */
const SHAPE = { connectivity: 16, expansion_add: 64, expansion_search: 64 } as const;

/** Candidates that are scored again by the exact vectors, for each one wanted. */
const CANDIDATES = 2;

/**
 * A graph of near neighbours (HNSW; Malkov and Yashunin 2018) over unit vectors rounded to int8: answers in the
 * time of a walk through it, and may miss some. What it finds is ordered and scored by the exact vectors.
 */
export class ApproximateSearch {
  readonly #graph: Graph;
  readonly #rows: RowSource;
  readonly #threads: number;

  private constructor(graph: Graph, rows: RowSource, threads: number) {
    this.#graph = graph;
    this.#rows = rows;
    this.#threads = threads;
  }

  /** Adds all rows, a part at a time. */
  static async build(
    rows: RowSource,
    { threads, onProgress, signal }: BuildOptions,
  ): Promise<ApproximateSearch> {
    const graph = emptyGraph(rows.dimension);
    for (let first = 0; first < rows.count; first += PART) {
      signal?.throwIfAborted();
      const count = Math.min(PART, rows.count - first);
      const keys = BigUint64Array.from({ length: count }, (_, row) => BigInt(first + row));
      graph.add(keys, await rows.read(first, count), threads);
      onProgress?.(first + count, rows.count);
      await breathe();
    }
    return new ApproximateSearch(graph, rows, threads);
  }

  /** Reads the saved graph of `rows`. Throws INDEX unless it is whole and of as many vectors of the dimension. */
  static load(file: string, rows: RowSource, threads: number): ApproximateSearch {
    const fail = (problem: string): never => {
      const message = `${file}: ${problem}. Build it again with experiments:embed --approximate.`;
      throw new ExperimentError("INDEX", message, { file, problem });
    };
    const graph = emptyGraph(rows.dimension);
    try {
      graph.load(file);
    } catch (error) {
      return fail(`cannot be read as an approximate index (${messageOf(error)})`);
    }
    if (graph.size() !== rows.count || graph.dimensions() !== rows.dimension)
      return fail(
        `holds ${graph.size()} vectors of ${graph.dimensions()}, the index ${rows.count} of ${rows.dimension}`,
      );
    return new ApproximateSearch(graph, rows, threads);
  }

  save(file: string): void {
    this.#graph.save(file);
  }

  /** About the `k` nearest rows of each query [Q, dimension], best first. */
  async search(queries: Float32Array, k: number): Promise<Neighbours[]> {
    const { dimension } = this.#rows;
    const results: Neighbours[] = [];
    for (let first = 0; first < queries.length; first += dimension)
      results.push(await this.#nearest(queries.subarray(first, first + dimension), k));
    return results;
  }

  async #nearest(query: Float32Array, k: number): Promise<Neighbours> {
    const { keys } = this.#graph.search(query, Math.min(CANDIDATES * k, this.#rows.count), this.#threads);
    const scored: { row: number; score: number }[] = [];
    for (const row of Array.from(keys, Number))
      scored.push({ row, score: dot(query, await this.#rows.read(row, 1)) });
    scored.sort((one, other) => other.score - one.score || one.row - other.row);
    const best = scored.slice(0, k);
    return {
      rows: Int32Array.from(best, ({ row }) => row),
      scores: Float32Array.from(best, ({ score }) => score),
    };
  }
}

const dot = (one: Float32Array, other: Float32Array): number =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);

const emptyGraph = (dimensions: number): Graph =>
  new usearch.Index({
    dimensions,
    metric: usearch.MetricKind.IP,
    quantization: usearch.ScalarKind.I8,
    multi: false,
    ...SHAPE,
  });

/** Share of the exact results that an approximate search has found, over all queries. */
export function recallOf(found: readonly Neighbours[], exact: readonly Neighbours[]): number {
  let hits = 0;
  let wanted = 0;
  exact.forEach(({ rows }, query) => {
    const got = new Set(found[query]?.rows);
    wanted += rows.length;
    hits += rows.filter((row) => got.has(row)).length;
  });
  return wanted === 0 ? 1 : hits / wanted;
}
