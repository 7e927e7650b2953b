import { join } from "node:path";
import {
  curriculumSchema,
  dualPath,
  explain,
  makePlan,
  stageGraph,
  Trainer,
  type Stage,
  type TrainerOptions,
  type TrainingEvent,
} from "@dualpath/core";
import { experimentSchema, loadExperiment } from "@dualpath/experiments";
import { syntheticData, type SyntheticSizes } from "./synthetic.js";
import type { Loaded, Settings } from "./workload.js";

const presets = join(import.meta.dirname, "../../../packages/experiments/configs");

/** Paper A's model and stage: instance loss of both paths, nothing frozen, SGD with Nesterov momentum. */
export function dualPathResNet50(settings: Settings): Loaded {
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
export function emoji(settings: Settings): Loaded {
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

type Training = Pick<TrainerOptions, "model" | "curriculum" | "threads" | "precision">;

function trainingSteps(sizes: SyntheticSizes, options: Training): Loaded {
  const trainer = new Trainer({ ...options, data: syntheticData(sizes), seed: 0, device: "cpu" });
  return { step: stepsOf(trainer.run()), plannedBytes: plannedBytes(sizes, options) };
}

/** What `explain` says of the stage: its arena, and all that it keeps. */
function plannedBytes(
  { picture, ...sizes }: SyntheticSizes,
  { model, curriculum, precision = "f32" }: Training,
): number {
  const [stage] = curriculumSchema.parse(curriculum) as [Stage];
  const { graph, updates, taps } = stageGraph(dualPath(model, sizes), stage, [picture, picture]);
  const plan = makePlan(graph, { taps: Object.values(taps), effects: updates, precision });
  const { arenaBytes, storeBytes } = explain(plan).totals;
  return arenaBytes + storeBytes;
}

/** Seconds from one step's event to the next one's. */
function stepsOf(events: AsyncIterator<TrainingEvent>): Loaded["step"] {
  return async () => {
    for (let start = performance.now(); ;) {
      const { value, done } = await events.next();
      if (done) throw new RangeError("the run ended before the measurement did");
      if (value.type === "step") return (performance.now() - start) / 1000;
      start = performance.now();
    }
  };
}
