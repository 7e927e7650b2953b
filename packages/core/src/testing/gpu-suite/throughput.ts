// Images a second of paper A's step on the device, at three batch sizes.
import type { Batch, TrainingData } from "../../train/data.js";
import { Trainer } from "../../train/trainer.js";
import { answer } from "./part.js";

const [classes, vocabularySize, length, picture] = [29783, 20074, 32, 224] as const;
const [warmUp, measured] = [5, 20];
const boxSize = 5;

/** Content does not matter here, only that it is not constant. */
const numbers = (count: number, below: number): number[] => {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  });
};

const batchOf = (size: number): Batch => {
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

const dataOf = (size: number): TrainingData => {
  const batch = batchOf(size);
  return {
    classes,
    vocabularySize,
    length,
    imageShape: [picture, picture, 3],
    stepsPerEpoch: () => warmUp + measured,
    async *batches() {
      for (let step = 0; step < warmUp + measured; step++) yield batch;
    },
    evaluation(split: string) {
      throw new RangeError(`no split '${split}'`);
    },
  };
};

const trainerOf = (size: number): Trainer => {
  const model = {
    image: { kind: "resnet", depth: 50 },
    text: { kind: "text-cnn", length },
    embedding: 2048,
    head: { dropout: 0.75 },
  };
  const rates = { optimizer: { kind: "sgd", weightDecay: 1e-4 }, learningRate: 1e-3 } as const;
  const stage = { name: "instance", epochs: 1, batchSize: size, losses: { instance: {} }, ...rates };
  return new Trainer({
    model: model as ConstructorParameters<typeof Trainer>[0]["model"],
    curriculum: [stage],
    data: dataOf(size),
    seed: 0,
    device: "cuda",
  });
};

const imagesPerSecond = async (size: number): Promise<number> => {
  let steps = 0;
  let start = 0;
  for await (const event of trainerOf(size).run()) {
    if (event.type !== "step") continue;
    if (++steps === warmUp) start = performance.now();
    if (steps === warmUp + measured) break;
  }
  return (size * measured * 1000) / (performance.now() - start);
};

const rows: { batch: number; imagesPerSecond: number }[] = [];
for (const batch of [32, 128, 512]) rows.push({ batch, imagesPerSecond: await imagesPerSecond(batch) });
const precision = process.env["DUALPATH_TF32"] === "1" ? "tf32" : "f32";
answer({ holds: rows.every((row) => row.imagesPerSecond > 0), precision, rows });
