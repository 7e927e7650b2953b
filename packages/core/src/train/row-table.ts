import type { TensorSource, SafetensorsFile } from "./safetensors.js";
import { TrainingError, CheckpointError } from "./errors.js";

/** Rows of one shard: arrays stay below the largest that JavaScript makes. */
const SHARD_ROWS = 1 << 18;

/** Sizes of a table. */
export interface RowTableSizes {
  readonly rows: number;
  readonly dimension: number;
}

/** float32 [rows, dimension] in host memory, of which a step reads and writes a few rows. */
export class RowTable {
  readonly rows: number;
  readonly dimension: number;
  readonly #shards: readonly Float32Array[];

  /** `fill` makes the first numbers of a shard. All memory is touched here, so that no step waits for it. */
  constructor(
    { rows, dimension }: RowTableSizes,
    fill: (shape: readonly number[], shard: number) => Float32Array,
  ) {
    this.rows = rows;
    this.dimension = dimension;
    this.#shards = Array.from({ length: Math.ceil(rows / SHARD_ROWS) }, (_, shard) =>
      fill([Math.min(SHARD_ROWS, rows - shard * SHARD_ROWS), dimension], shard),
    );
  }

  /** A table of zeros. */
  static zeros(sizes: RowTableSizes): RowTable {
    return new RowTable(sizes, ([rows = 0, dimension = 0]) => new Float32Array(rows * dimension).fill(0));
  }

  /** Bytes of a table: four for each number. */
  static bytes({ rows, dimension }: RowTableSizes): number {
    return rows * dimension * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Row `id`, from 0 to rows - 1, to be read and written in place: [dimension]. */
  row(id: number): Float32Array {
    const first = (id % SHARD_ROWS) * this.dimension;
    return this.#shards[Math.floor(id / SHARD_ROWS)]!.subarray(first, first + this.dimension);
  }

  /**
   * The rows, one after another, written to `target` [ids.length, dimension]. Throws BATCH for a target of
   * another length.
   */
  gather(ids: Int32Array, target: Float32Array): void {
    if (target.length !== ids.length * this.dimension) {
      const expected = ids.length * this.dimension;
      const message = `gathered rows: expected room for ${expected} numbers, got ${target.length}`;
      throw new TrainingError("BATCH", message, { expected, got: target.length });
    }
    ids.forEach((id, index) => target.set(this.row(id), index * this.dimension));
  }

  /** A table of the same numbers. */
  copy(): RowTable {
    return new RowTable(this, (_, shard) => this.#shards[shard]!.slice());
  }

  /** The table as a file's tensor [rows, dimension], written shard by shard. */
  source(name: string): TensorSource {
    const shards = this.#shards;
    return {
      name,
      dtype: "f32",
      shape: [this.rows, this.dimension],
      load: async function* () {
        yield* shards;
      },
    };
  }

  /**
   * Takes the numbers of a file's tensor. Throws CHECKPOINT_MODEL where it is missing or has another shape,
   * CHECKPOINT_CORRUPT where the file ends in it.
   */
  async read(file: SafetensorsFile, name: string): Promise<void> {
    const entry = file.entries.get(name);
    const expected = `F32 [${this.rows}, ${this.dimension}]`;
    const got = entry === undefined ? "nothing" : `${entry.dtype} [${entry.shape.join(", ")}]`;
    if (got !== expected) {
      const message = `${file.path}: checkpoint of another model: tensor '${name}': expected ${expected}, got ${got}`;
      throw new CheckpointError("CHECKPOINT_MODEL", message, {
        path: file.path,
        tensor: name,
        expected,
        got,
      });
    }
    let begin = 0;
    for (const shard of this.#shards) {
      const bytes = await file.readBytes(name, begin, begin + shard.byteLength);
      new Uint8Array(shard.buffer, shard.byteOffset, shard.byteLength).set(bytes);
      begin += shard.byteLength;
    }
  }
}
