import { readSync } from "node:fs";
import { DatasetError } from "../errors.js";

/** Random access to texts: padded word ids or vectors, `length` values each. */
export interface TextRows {
  readonly kind: "words" | "vectors";
  readonly count: number;
  readonly length: number;
  /** Places that text `row` fills, at most `length`. */
  filled(row: number): number;
  allocate(rows: number): Int32Array | Float32Array;
  /** Writes text `row`, left-aligned, as text `index` of a batch. */
  write(target: Int32Array | Float32Array, index: number, row: number): void;
}

/** Word ids of many captions in one array: caption i is `ids[offsets[i] .. offsets[i + 1])`. */
export interface EncodedTexts {
  readonly ids: Int32Array;
  readonly offsets: Int32Array;
}

/** Packs sequences of word ids. */
export function packTexts(sequences: readonly ArrayLike<number>[]): EncodedTexts {
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, index) => {
    offsets[index + 1] = (offsets[index] as number) + sequence.length;
  });
  const ids = new Int32Array(offsets[sequences.length] as number);
  sequences.forEach((sequence, index) => ids.set(sequence, offsets[index]));
  return { ids, offsets };
}

/** Word-id texts of `length` places; words after place `length` are cut off (paper A: n = 32 or 56). */
export function wordTexts(encoded: EncodedTexts, length: number): TextRows {
  const { ids, offsets } = encoded;
  const filled = (row: number) => Math.min(length, (offsets[row + 1] as number) - (offsets[row] as number));
  return {
    kind: "words",
    count: offsets.length - 1,
    length,
    filled,
    allocate: (rows) => new Int32Array(rows * length),
    write: (target, index, row) => {
      const first = offsets[row] as number;
      target.set(ids.subarray(first, first + filled(row)), index * length);
    },
  };
}

/** Texts as vectors; `vectors` is [N, dimension]. */
export function vectorTexts(vectors: Float32Array, dimension: number): TextRows {
  if (vectors.length % dimension !== 0)
    throw new DatasetError(
      "OPTION",
      `text vectors: expected a multiple of ${dimension} values, got ${vectors.length}`,
    );
  return {
    kind: "vectors",
    count: vectors.length / dimension,
    length: dimension,
    filled: () => dimension,
    allocate: (rows) => new Float32Array(rows * dimension),
    write: (target, index, row) =>
      target.set(vectors.subarray(row * dimension, (row + 1) * dimension), index * dimension),
  };
}

/** Vectors in an open file of float32 rows, [N, dimension], read by position: memory stays that of a batch. */
export function fileTexts(descriptor: number, count: number, dimension: number): TextRows {
  const bytes = dimension * 4;
  return {
    kind: "vectors",
    count,
    length: dimension,
    filled: () => dimension,
    allocate: (rows) => new Float32Array(rows * dimension),
    write: (target, index, row) => {
      const view = new Uint8Array(target.buffer, target.byteOffset + index * bytes, bytes);
      if (readSync(descriptor, view, 0, bytes, row * bytes) !== bytes)
        throw new DatasetError(
          "FILE_FORMAT",
          `text vectors: row ${row} ends early; delete the cache folder`,
          {
            row,
          },
        );
    },
  };
}
