import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { matmul, topk } from "../ops/index.js";
import { TrainingError } from "../train/errors.js";

/** Rows of a gallery, float32 [count, dimension], read a part at a time. */
export interface RowSource {
  readonly count: number;
  readonly dimension: number;
  /** Rows `first` to `first + count - 1`, one after another. */
  read(first: number, count: number): Promise<Float32Array> | Float32Array;
}

/** What a query has found, best first; equal scores in the order of their rows. */
export interface Neighbours {
  readonly rows: Int32Array;
  /** Dot products: cosines where query and gallery have length 1. */
  readonly scores: Float32Array;
}

/** Sizes of the blocks that are compared at a time. */
export interface ExactSearchOptions {
  /** Rows of a block; its scores are what a query needs in memory. */
  readonly blockRows?: number;
  /** Most queries of one step; more are taken in turns. */
  readonly queryRows?: number;
  /** Tells the values of several searches in one Store apart. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

interface Block {
  readonly key: string;
  readonly first: number;
  readonly rows: number;
}

/**
 * Nearest rows of a gallery by dot product, all of them compared. The gallery lies in the Store in blocks; one step
 * multiplies each with the queries and keeps its best, so that memory is the gallery and the scores of one block.
 */
export class ExactSearch {
  readonly count: number;
  readonly dimension: number;
  readonly #store: Store;
  readonly #name: string;
  readonly #queryRows: number;
  readonly #blocks: readonly Block[];
  readonly #programs = new Map<string, Promise<Program>>();

  private constructor(store: Store, rows: RowSource, blocks: readonly Block[], options: ExactSearchOptions) {
    this.count = rows.count;
    this.dimension = rows.dimension;
    this.#store = store;
    this.#blocks = blocks;
    this.#name = options.name ?? DEFAULT_NAME;
    this.#queryRows = options.queryRows ?? 32;
  }

  /**
   * Copies the gallery into the Store. Throws EMBEDDING for an empty gallery or rows that are no finite
   * numbers, the signal's reason when it is raised, OUT_OF_MEMORY where the gallery does not fit, DISPOSED
   * when the Store is closed.
   */
  static async open(store: Store, rows: RowSource, options: ExactSearchOptions = {}): Promise<ExactSearch> {
    if (rows.count < 1) throw unfit("expected at least one row in the gallery, got none");
    const { blockRows = 65536, name = DEFAULT_NAME, signal } = options;
    const blocks: Block[] = [];
    for (let first = 0; first < rows.count; first += blockRows) {
      signal?.throwIfAborted();
      const count = Math.min(blockRows, rows.count - first);
      const block = { key: `${name}.block${blocks.length}`, first, rows: count };
      const data = checkFinite(await rows.read(first, count), count, rows.dimension, "gallery");
      await store.write(block.key, [count, rows.dimension], "f32", data);
      blocks.push(block);
    }
    return new ExactSearch(store, rows, blocks, options);
  }

  /**
   * The `k` nearest rows of each query, fewer where the gallery is smaller; `queries` is [Q, dimension].
   * Throws EMBEDDING for queries of another dimension or that are no finite numbers, ATTRIBUTE for k below 1,
   * or above 1024 where a block has more rows, the signal's reason when it is raised, STORE_MISSING after
   * `dispose`, DISPOSED when the Store is closed.
   */
  async search(queries: Float32Array, k: number, signal?: AbortSignal): Promise<Neighbours[]> {
    const count = queries.length / this.dimension;
    checkFinite(queries, Math.ceil(count), this.dimension, "queries");
    const found: Neighbours[] = [];
    for (let first = 0; first < count; first += this.#queryRows) {
      signal?.throwIfAborted();
      const some = queries.subarray(first * this.dimension, (first + this.#queryRows) * this.dimension);
      found.push(...(await this.#step(some, k)));
    }
    return found;
  }

  async #step(queries: Float32Array, k: number): Promise<Neighbours[]> {
    const count = queries.length / this.dimension;
    const rows = count === 1 ? 1 : this.#queryRows;
    const query = new Float32Array(rows * this.dimension);
    query.set(queries);
    const taps = await (await this.#program(rows, k)).step({ query });
    return Array.from({ length: count }, (_, row) => this.#merge(taps as Taps, row, k));
  }

  #merge(taps: Taps, row: number, k: number): Neighbours {
    const best = this.#blocks.flatMap((block, index) => {
      const most = Math.min(k, block.rows);
      const values = taps[`values${index}`]!.subarray(row * most, (row + 1) * most);
      const places = taps[`index${index}`]!.subarray(row * most, (row + 1) * most);
      return Array.from(values, (score, at) => ({ score, row: block.first + places[at]! }));
    });
    best.sort((one, other) => other.score - one.score || one.row - other.row);
    const kept = best.slice(0, k);
    return {
      rows: Int32Array.from(kept, ({ row: place }) => place),
      scores: Float32Array.from(kept, ({ score }) => score),
    };
  }

  #program(rows: number, k: number): Promise<Program> {
    const key = `${rows}x${k}`;
    const known = this.#programs.get(key);
    if (known) return known;
    const made = this.#compile(rows, k);
    this.#programs.set(key, made);
    made.catch(() => this.#programs.delete(key));
    return made;
  }

  #compile(rows: number, k: number): Promise<Program> {
    const graph = new Graph(`${this.#name}.${rows}x${k}`);
    const query = graph.input("query", [rows, this.dimension]);
    const taps = this.#blocks.map((block, index) => {
      const gallery = graph.parameter(block.key, [block.rows, this.dimension]);
      const scores = matmul(query, gallery, { transposeB: true }, `scores${index}`);
      const best = topk(scores, { k: Math.min(k, block.rows) }, `best${index}`);
      return { [`values${index}`]: best.values, [`index${index}`]: best.index };
    });
    return this.#store.compile(graph, { taps: Object.assign({}, ...taps) });
  }

  /** Takes the gallery out of the Store. Throws nothing where the Store was closed before. */
  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
    for (const { key } of this.#blocks) if (this.#store.has(key)) await this.#store.remove(key);
  }

  /** As `dispose`, for `await using`. Throws nothing either. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

const DEFAULT_NAME = "search";

type Taps = Readonly<Record<string, Float32Array | Int32Array>>;

const unfit = (problem: string): TrainingError => new TrainingError("EMBEDDING", `search: ${problem}`);

function checkFinite(data: Float32Array, rows: number, dimension: number, what: string): Float32Array {
  if (data.length !== rows * dimension)
    throw unfit(`${what}: expected ${rows} x ${dimension} numbers, got ${data.length}`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return data;
  throw unfit(`${what}: row ${Math.floor(bad / dimension)} holds ${data[bad]}, expected finite numbers`);
}
