import { DatasetError } from "../errors.js";

/** Vectors of the wanted words that a file has. */
export interface WordVectors {
  readonly dimension: number;
  /** Words in the file, wanted or not. */
  readonly fileCount: number;
  readonly vectors: ReadonlyMap<string, Float32Array>;
}

/** The words to read. */
export interface WantedWords {
  has(word: string): boolean;
}

/** More is taken for a damaged header. */
export const LARGEST_DIMENSION = 1 << 16;

/** The error of a damaged file; `record` counts words from 0. */
export function malformed(file: string, what: string, record?: number): DatasetError {
  const place = record === undefined ? file : `${file}, word ${record + 1}`;
  return new DatasetError("WORD_VECTORS_FORMAT", `${place}: ${what}; is it a complete word2vec file?`, {
    file,
    record,
  });
}

/** The vector itself; throws where a value is not a finite number. */
export function checkFinite(file: string, vector: Float32Array, record: number): Float32Array {
  if (vector.every(Number.isFinite)) return vector;
  throw malformed(file, "the vector holds a value that is not a finite number", record);
}
