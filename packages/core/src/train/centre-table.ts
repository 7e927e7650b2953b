import { uniform01 } from "../graph/philox.js";
import { TrainingError } from "./errors.js";

/** Rows of one shard: arrays stay below the largest that JavaScript makes. */
const SHARD_ROWS = 1 << 18;

/** Sizes of a table, and the seed of its first values. */
export interface CentreTableOptions {
  readonly rows: number;
  readonly dimension: number;
  readonly seed: number;
}

/** How touched rows move: SGD with momentum in PyTorch's form. */
export interface RowUpdate {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/**
 * Class centres with their momentum in host memory, [rows, dimension] each, of which a step reads and moves a few rows.
 * Decay and momentum of a row pass only in the steps that touch it.
 */
export class CentreTable {
  readonly rows: number;
  readonly dimension: number;
  readonly #centres: readonly Float32Array[];
  readonly #velocity: readonly Float32Array[];

  /** Centres start uniform in +-sqrt(3 / dimension) / 10, paper A's rule for W_share. */
  constructor({ rows, dimension, seed }: CentreTableOptions) {
    this.rows = rows;
    this.dimension = dimension;
    const shards = Array.from({ length: Math.ceil(rows / SHARD_ROWS) }, (_, shard) => {
      return Math.min(SHARD_ROWS, rows - shard * SHARD_ROWS) * dimension;
    });
    const bound = 0.1 * Math.sqrt(3 / dimension);
    this.#centres = shards.map((numbers, shard) => {
      const values = uniform01(seed, shard, 0, numbers);
      for (let index = 0; index < numbers; index++) values[index] = bound * (2 * values[index]! - 1);
      return values;
    });
    this.#velocity = shards.map((numbers) => new Float32Array(numbers));
  }

  /** Bytes of centres and momentum for these sizes. */
  static bytes({ rows, dimension }: Pick<CentreTableOptions, "rows" | "dimension">): number {
    return 2 * rows * dimension * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Centres of the rows, one after another, written to `target` [ids.length, dimension]. */
  gather(ids: Int32Array, target: Float32Array): void {
    ids.forEach((id, index) => target.set(rowOf(this.#centres, id, this.dimension), index * this.dimension));
  }

  /** v = momentum v + gradient + weightDecay w; w -= learningRate v, for the rows only, which are all different. */
  update(ids: Int32Array, gradient: Float32Array, update: RowUpdate): void {
    const { learningRate, momentum, weightDecay } = update;
    if (gradient.length !== ids.length * this.dimension) {
      const expected = ids.length * this.dimension;
      const message = `class centres: gradient: expected ${expected} numbers, got ${gradient.length}`;
      throw new TrainingError("BATCH", message, { expected, got: gradient.length });
    }
    ids.forEach((id, row) => {
      const centre = rowOf(this.#centres, id, this.dimension);
      const velocity = rowOf(this.#velocity, id, this.dimension);
      for (let index = 0; index < this.dimension; index++) {
        const slope = gradient[row * this.dimension + index]! + weightDecay * centre[index]!;
        velocity[index] = momentum * velocity[index]! + slope;
        centre[index]! -= learningRate * velocity[index]!;
      }
    });
  }
}

function rowOf(shards: readonly Float32Array[], id: number, dimension: number): Float32Array {
  const first = (id % SHARD_ROWS) * dimension;
  return shards[Math.floor(id / SHARD_ROWS)]!.subarray(first, first + dimension);
}
