import { tokenize } from "../text/tokenizer.js";
import type { WordVectors } from "../text/vector-file.js";
import { normaliseRow, type TextTransform } from "./text-transform.js";

/** How words become a mean. */
export interface MeanVectorOptions {
  /** Must agree with the vectors: Google News keeps case, GloVe folds it. */
  readonly lowerCase: boolean;
  /** Words left out; default: none. */
  readonly stopWords?: ReadonlySet<string>;
  /** Scale to length 1; default false. */
  readonly normalise?: boolean;
}

/**
 * The mean of the word vectors of a text (paper B's simplest text feature); words without a vector do not
 * count, a text without any known word is zero.
 */
export function meanWordVector(
  { dimension, vectors }: Pick<WordVectors, "dimension" | "vectors">,
  { lowerCase, stopWords, normalise = false }: MeanVectorOptions,
): TextTransform {
  return {
    dimension,
    write: (text, target, index) => {
      const row = target.subarray(index * dimension, (index + 1) * dimension).fill(0);
      const known = tokenize(text, { lowerCase })
        .filter((word) => !stopWords?.has(word.toLowerCase()))
        .flatMap((word) => vectors.get(word) ?? []);
      for (const vector of known)
        for (let place = 0; place < dimension; place++)
          row[place] = (row[place] as number) + (vector[place] as number) / known.length;
      if (normalise) normaliseRow(target, index, dimension);
    },
  };
}
