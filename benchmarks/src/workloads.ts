import { Trainer, type TrainingEvent } from "@dualpath/core";
import { syntheticData } from "./synthetic.js";

/** A loaded workload: runs one step and returns its seconds. */
export type Step = () => Promise<number>;

interface Sizes {
  readonly threads: number;
  readonly batch: number;
  readonly classes: number;
  readonly vocabulary: number;
}

/** Paper A's model and stage: instance loss of both paths, nothing frozen, SGD with Nesterov momentum. */
function dualPathResNet50({ threads, batch, classes, vocabulary }: Sizes): Step {
  const length = 32;
  const trainer = new Trainer({
    model: {
      image: { kind: "resnet", depth: 50 },
      text: { kind: "text-cnn", length },
      embedding: 2048,
      head: { dropout: 0.75 },
    },
    curriculum: [
      {
        name: "instance",
        epochs: 1,
        batchSize: batch,
        losses: { instance: {} },
        optimizer: { kind: "sgd", weightDecay: 1e-4 },
        learningRate: 1e-3,
      },
    ],
    data: syntheticData({ batch, classes, vocabulary, length, picture: 224 }),
    seed: 0,
    device: "cpu",
    threads,
  });
  return stepsOf(trainer.run());
}

/** Seconds from one step's event to the next one's. */
function stepsOf(events: AsyncIterator<TrainingEvent>): Step {
  return async () => {
    for (let start = performance.now(); ;) {
      const { value, done } = await events.next();
      if (done) throw new RangeError("the run ended before the measurement did");
      if (value.type === "step") return (performance.now() - start) / 1000;
      start = performance.now();
    }
  };
}

export const workloads: Readonly<Record<string, (sizes: Sizes) => Step>> = {
  "dual-path-resnet50": dualPathResNet50,
};
