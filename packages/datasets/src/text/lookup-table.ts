import type { Vocabulary } from "./vocabulary.js";
import type { WordVectors } from "./vector-file.js";

/** Initial values of the word lookup. */
export interface LookupTable {
  /** float32 [vocabulary size, dimension]: row k is word id k + 1; words without a vector have a zero row. */
  readonly table: Float32Array;
  readonly dimension: number;
  /** Ids of the words that had no vector. */
  readonly missing: readonly number[];
}

/** Lines the vectors of a file up with the ids of a vocabulary, values unchanged (paper A: raw word2vec vectors). */
export function lookupTable(vocabulary: Vocabulary, { dimension, vectors }: WordVectors): LookupTable {
  const table = new Float32Array(vocabulary.size * dimension);
  const missing: number[] = [];
  vocabulary.words.forEach((word, index) => {
    const vector = vectors.get(word);
    if (vector) table.set(vector, index * dimension);
    else missing.push(index + 1);
  });
  return { table, dimension, missing };
}
