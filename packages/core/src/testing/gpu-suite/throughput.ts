// Images a second of paper A's step on the device, at three batch sizes: throughput.js <precision>
import { precisionSchema } from "../../graph/precision.js";
import type { TrainingData } from "../../train/data.js";
import { Trainer } from "../../train/trainer.js";
import { answer } from "./part.js";
import {
  batchOf,
  batchSizes,
  classes,
  length,
  modelConfig,
  picture,
  rehearsed,
  stageOf,
  vocabularySize,
} from "./workload.js";

const [warmUp, measured] = rehearsed ? [1, 1] : [5, 20];
const precision = precisionSchema.parse(process.argv[2]);

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

const trainerOf = (size: number): Trainer =>
  new Trainer({
    model: modelConfig,
    curriculum: [stageOf(size)],
    data: dataOf(size),
    seed: 0,
    device: "cuda",
    precision,
  });

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
for (const batch of batchSizes) {
  rows.push({ batch, imagesPerSecond: await imagesPerSecond(batch) });
  answer({ holds: rows.every((row) => row.imagesPerSecond > 0), precision, rows });
}
