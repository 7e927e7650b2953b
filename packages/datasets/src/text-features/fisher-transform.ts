import type { TextVectorsConfig } from "../config.js";
import { DatasetError } from "../errors.js";
import type { Multiply } from "../linear-algebra/multiply.js";
import type { WordVectors } from "../text/vector-file.js";
import { tokenize } from "../text/tokenizer.js";
import { fisherDimension, writeFisherVector } from "./fisher-vector.js";
import { fitHybridMixture, type HybridMixture } from "./hybrid-mixture.js";
import { independentComponents, unmixed, type IndependentComponents } from "./independent-components.js";
import type { TextTransform } from "./text-transform.js";

type Vectors = Pick<WordVectors, "dimension" | "vectors">;

/** What Fisher vectors are fitted to: components of word vectors, and the mixture of those. */
export interface FisherModel {
  readonly components: IndependentComponents;
  readonly mixture: HybridMixture;
}

export interface FisherOptions {
  readonly config: Extract<TextVectorsConfig, { kind: "fisher" }>;
  readonly multiply: Multiply;
  readonly onProgress?: (task: string, done: number, total: number) => void;
}

/**
 * Fits independent components and the mixture to the different words of the training captions that have a vector
 * (paper B, 4.1). Errors: `OPTION` for too few words.
 */
export async function fitFisherModel(
  vectors: Vectors,
  trainingWords: ReadonlySet<string>,
  { config, multiply, onProgress }: FisherOptions,
): Promise<FisherModel> {
  const { dimension } = vectors;
  const training = [...vectors.vectors.keys()].filter((word) => trainingWords.has(word)).sort();
  checkWords(training.length, dimension, config.centres);
  const rows = rowsOf(training, vectors);
  const components = await independentComponents(rows, {
    ...{ dimension, seed: config.seed, multiply },
    onIteration: (done, total) => onProgress?.("independent components", done, total),
  });
  const mixture = fitHybridMixture(await unmixed(components, rows, multiply), {
    ...{ dimension, centres: config.centres, seed: config.seed },
    onIteration: (done, total) => onProgress?.("mixture of words", done, total),
  });
  return { components, mixture };
}

/** Texts become the Fisher vectors of their words' components; words without a vector do not count. */
export async function fisherTransform(
  { components, mixture }: FisherModel,
  vectors: Vectors,
  { lowerCase, multiply }: { readonly lowerCase: boolean; readonly multiply: Multiply },
): Promise<TextTransform> {
  const { dimension } = vectors;
  const words = [...vectors.vectors.keys()].sort();
  const y = await unmixed(components, rowsOf(words, vectors), multiply);
  const componentsOf = new Map(
    words.map((word, row) => [word, y.subarray(row * dimension, (row + 1) * dimension)]),
  );
  const gradient = new Float64Array(fisherDimension(mixture));
  const size = gradient.length;
  return {
    dimension: size,
    write: (text, target, index) => {
      const known = tokenize(text, { lowerCase }).filter((word) => componentsOf.has(word));
      const x = rowsOf(known, { dimension, vectors: componentsOf });
      writeFisherVector(mixture, x, gradient, target.subarray(index * size, (index + 1) * size));
    },
  };
}

function checkWords(count: number, dimension: number, centres: number): void {
  const least = Math.max(dimension + 1, centres);
  if (count >= least) return;
  throw new DatasetError(
    "OPTION",
    `Fisher vectors: ${count} words of the training captions have a vector, at least ${least} are needed; ` +
      "check lowerCase and the word vectors, or take mean-words",
    { words: count, needed: least },
  );
}

function rowsOf(words: readonly string[], { dimension, vectors }: Vectors): Float32Array {
  const rows = new Float32Array(words.length * dimension);
  words.forEach((word, row) => rows.set(vectors.get(word) as Float32Array, row * dimension));
  return rows;
}
