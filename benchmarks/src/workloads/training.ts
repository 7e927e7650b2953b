import { join } from "node:path";
import { Trainer, type TrainingEvent, type TrainerOptions } from "@dualpath/core";
import { experimentSchema, loadExperiment } from "@dualpath/experiments";
import { syntheticData, type SyntheticSizes } from "./synthetic.js";
import type { Settings, Step } from "./workload.js";

const presets = join(import.meta.dirname, "../../../packages/experiments/configs");

/** Paper A's model and stage: instance loss of both paths, nothing frozen, SGD with Nesterov momentum. */
export function dualPathResNet50(settings: Settings): Step {
  const length = 32;
  return trainingSteps(
    { ...settings, length, picture: 224 },
    {
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
          batchSize: settings.batch,
          losses: { instance: {} },
          optimizer: { kind: "sgd", weightDecay: 1e-4 },
          learningRate: 1e-3,
        },
      ],
      threads: settings.threads,
      precision: settings.precision,
    },
  );
}

/** The second stage of the embedded corpus's preset, as it is trained. */
export function emoji(settings: Settings): Step {
  const { experiment } = loadExperiment(join(presets, "emoji.yaml"), experimentSchema);
  const { model, curriculum } = experiment;
  const { length } = model.text as { length: number };
  const { inputSize: picture } = model.image as { inputSize: number };
  const stage = { ...curriculum.at(-1)!, batchSize: settings.batch };
  return trainingSteps(
    { ...settings, length, picture },
    { model, curriculum: [stage], threads: settings.threads },
  );
}

/** Seconds from one step's event to the next one's. */
function trainingSteps(
  sizes: SyntheticSizes,
  options: Pick<TrainerOptions, "model" | "curriculum" | "threads" | "precision">,
): Step {
  const trainer = new Trainer({ ...options, data: syntheticData(sizes), seed: 0, device: "cpu" });
  return stepsOf(trainer.run());
}

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
