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

/**
 * A graph of near neighbours (HNSW; Malkov and Yashunin 2018) over unit vectors held as bfloat16: answers in the
 * time of a walk through it, and may miss some.
 */
export class ApproximateSearch {
  readonly #graph: Graph;
  readonly #threads: number;

  private constructor(graph: Graph, threads: number) {
    this.#graph = graph;
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
    return new ApproximateSearch(graph, threads);
  }

  /** Reads a saved graph. Throws INDEX unless it is whole and of as many vectors of the dimension. */
  static load(
    file: string,
    expected: Pick<RowSource, "count" | "dimension">,
    threads: number,
  ): ApproximateSearch {
    const fail = (problem: string): never => {
      const message = `${file}: ${problem}. Build it again with experiments:embed --approximate.`;
      throw new ExperimentError("INDEX", message, { file, problem });
    };
    const graph = emptyGraph(expected.dimension);
    try {
      graph.load(file);
    } catch (error) {
      return fail(`cannot be read as an approximate index (${messageOf(error)})`);
    }
    if (graph.size() !== expected.count || graph.dimensions() !== expected.dimension)
      return fail(
        `holds ${graph.size()} vectors of ${graph.dimensions()}, the index ${expected.count} of ${expected.dimension}`,
      );
    return new ApproximateSearch(graph, threads);
  }

  save(file: string): void {
    this.#graph.save(file);
  }

  /** About the `k` nearest rows of each query [Q, dimension], best first. */
  search(queries: Float32Array, k: number): Neighbours[] {
    const dimension = this.#graph.dimensions();
    return Array.from({ length: queries.length / dimension }, (_, query) => {
      const vector = queries.subarray(query * dimension, (query + 1) * dimension);
      const { keys, distances } = this.#graph.search(vector, k, this.#threads);
      return {
        rows: Int32Array.from(keys, Number),
        scores: Float32Array.from(distances, (distance) => 1 - distance),
      };
    });
  }
}

const emptyGraph = (dimensions: number): Graph =>
  new usearch.Index({
    dimensions,
    metric: usearch.MetricKind.IP,
    quantization: usearch.ScalarKind.BF16,
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
