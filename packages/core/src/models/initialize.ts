import type { DType, TypedArray } from "../graph/types.js";
import { initialValue } from "../layers/initializers.js";
import { TrainingError } from "../train/errors.js";
import type { DualPath } from "./dual-path.js";

/** The part of a Store that initialising needs. */
export interface WritableStore {
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void>;
}

/** First values that do not come from the seed. */
export interface InitializeOptions {
  /** First word vectors [vocabulary, wordDimension]; rows of zeros keep their random vectors. */
  readonly wordVectors?: Float32Array;
}

const LOOKUP = "text.lookup.weight";

/**
 * Writes the first value of every parameter: a pure function of the seed, each parameter's name and its rule.
 * Throws DATA for word vectors that are not one row of the model's word dimension for each word, DISPOSED
 * when the Store is closed.
 */
export async function initialize(
  store: WritableStore,
  model: DualPath,
  seed: number,
  options: InitializeOptions = {},
): Promise<void> {
  for (const { name, shape, initializer } of model.parameters) {
    const value = initialValue(initializer, shape, seed, name);
    if (name === LOOKUP && options.wordVectors) copyWords(value, options.wordVectors, shape[1]!);
    await store.write(name, shape, "f32", value);
  }
}

function copyWords(table: Float32Array, vectors: Float32Array, dimension: number): void {
  if (vectors.length !== table.length) {
    const expected = `${table.length / dimension} x ${dimension} numbers`;
    const message = `word vectors: expected ${expected} (vocabulary x model.text.wordDimension), got ${vectors.length}`;
    throw new TrainingError("DATA", message, { expected: table.length, got: vectors.length });
  }
  for (let first = 0; first < table.length; first += dimension) {
    const vector = vectors.subarray(first, first + dimension);
    if (vector.some((value) => value !== 0)) table.set(vector, first);
  }
}
