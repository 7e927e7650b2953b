import type { Batch, TrainingData } from "@dualpath/core";

export interface SyntheticSizes {
  readonly batch: number;
  readonly classes: number;
  readonly vocabulary: number;
  readonly length: number;
  /** Height and width of the pictures. */
  readonly picture: number;
}

/** A small linear congruential generator: content does not matter here, only that it is not constant. */
export function numbers(below: number): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
}

function batchOf({ batch, classes, vocabulary, length, picture }: SyntheticSizes): Batch {
  const [pixel, word, label] = [numbers(256), numbers(vocabulary), numbers(classes)];
  const labels = Int32Array.from({ length: batch }, label);
  return {
    image: Uint8Array.from({ length: batch * picture * picture * 3 }, pixel),
    box: Float32Array.from({ length: batch * 5 }, (_, index) => [0, 0, picture, picture, 0][index % 5]!),
    text: Int32Array.from({ length: batch * length }, () => 1 + word()),
    imageLabel: labels,
    textLabel: labels,
  };
}

/** Training data without a corpus: the same batch at every step, so that only the step is measured. */
export function syntheticData(sizes: SyntheticSizes): TrainingData {
  const batch = batchOf(sizes);
  const stepsPerEpoch = 1_000_000;
  return {
    classes: sizes.classes,
    vocabularySize: sizes.vocabulary,
    length: sizes.length,
    imageShape: [sizes.picture, sizes.picture, 3],
    stepsPerEpoch: () => stepsPerEpoch,
    async *batches() {
      for (let step = 0; step < stepsPerEpoch; step++) yield batch;
    },
    evaluation(split: string) {
      throw new RangeError(`synthetic data have no split '${split}'`);
    },
  };
}
