// Paper A's training step, as the suite measures it.
import type { Batch } from "../../train/data.js";

/** Set where the suite tries itself out without a device, on one that is played: small sizes. */
export const rehearsed = process.env["DUALPATH_SUITE_REHEARSAL"] === "1";

export const [classes, vocabularySize, length, picture] = rehearsed
  ? ([50, 40, 32, 64] as const)
  : ([29783, 20074, 32, 224] as const);
export const batchSizes = rehearsed ? [2] : [32, 128, 512];
const boxSize = 5;

/** Content does not matter here, only that it is not constant. */
const numbers = (count: number, below: number): number[] => {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  });
};

/** A batch of random pictures and sentences. */
export const batchOf = (size: number): Batch => {
  const labels = Int32Array.from(numbers(size, classes));
  const box = [0, 0, picture, picture, 0];
  return {
    image: new Uint8Array(size * picture * picture * 3).map((_, index) => (index * 31) & 255),
    box: Float32Array.from({ length: size * boxSize }, (_, index) => box[index % boxSize]!),
    text: Int32Array.from(numbers(size * length, vocabularySize), (word) => 1 + word),
    imageLabel: labels,
    textLabel: labels,
  };
};

export const modelConfig = {
  image: { kind: "resnet", depth: 50, inputSize: picture },
  text: { kind: "text-cnn", length },
  embedding: 2048,
  head: { dropout: 0.75 },
};

/** The instance loss and SGD at a batch size. */
export const stageOf = (size: number): Record<string, unknown> => ({
  name: "instance",
  epochs: 1,
  batchSize: size,
  losses: { instance: {} },
  optimizer: { kind: "sgd", weightDecay: 1e-4 },
  learningRate: 1e-3,
});
