import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { randomWords } from "../graph/philox.js";
import { dualPath } from "../models/dual-path.js";
import { initialize } from "../models/initialize.js";
import { startOfRun } from "./checkpoint.js";
import type { Batch } from "./data.js";
import { StageRunner, type StepResult } from "./stage-runner.js";
import { stageSchema } from "./stage.js";

/** Losses of float32 against the golden's float64, relative: the project's bound. */
const LOSS_TOLERANCE = 1e-4;
/** Parameters after ten steps, against the tensor's root mean square: the project's bound. */
const PARAMETER_TOLERANCE = 1e-3;
/** Biases start at 0 and are still that small: differences are taken against no less than this. */
const SMALLEST_SCALE = 1e-2;
/** As in ten-steps.py, which says why. */
const LAST_GAMMA = 0.1;
const LAST_NORM = /^(text\.trunk\.block\d+\.bn3|image\.trunk\.layer\d\.\d\.bn2)\.weight$/;

interface Golden {
  readonly losses: readonly Readonly<Record<string, number>>[];
  readonly tensors: Readonly<
    Record<
      string,
      { readonly shape: number[]; readonly rms: number; readonly samples: readonly [number, number][] }
    >
  >;
}

const golden = JSON.parse(
  readFileSync(new URL("../../fixtures/ten-steps.json", import.meta.url), "utf8"),
) as Golden;

const SEED = 11;
const [BATCH, SOURCE, LENGTH, VOCABULARY, CLASSES] = [16, 36, 32, 40, 12];

const model = dualPath(
  {
    image: { kind: "resnet", depth: 18, width: 0.25, stem: "small", inputSize: 32 },
    text: { kind: "text-cnn", width: 0.25, length: LENGTH, wordDimension: 20 },
    embedding: 64,
    head: { dropout: 0.5 },
  },
  { classes: CLASSES, vocabulary: VOCABULARY },
);

const stage = stageSchema.parse({
  name: "golden",
  epochs: 1,
  batchSize: BATCH,
  losses: { instance: { image: 1, text: 0.5 }, ranking: { weight: 0.05, margin: 0.2, mining: "in-batch" } },
  optimizer: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  learningRate: 0.0003,
  groups: [{ match: "text.lookup", multiplier: 0.1 }],
});

/** The batches of ten-steps.py, from the same random words. */
function batchOf(step: number): Batch {
  const stream = (id: number, count: number) => randomWords(SEED, id, step, count);
  const box = Float32Array.from({ length: BATCH }, (_, row) => row).reduce<number[]>((boxes, row) => {
    return [...boxes, row % 3, row % 4, SOURCE - (row % 8), SOURCE - 2 * (row % 3), row % 2];
  }, []);
  const labels = Int32Array.from(stream(903, BATCH), (word) => word % CLASSES);
  return {
    image: Uint8Array.from(stream(901, BATCH * SOURCE * SOURCE * 3), (word) => word & 255),
    box: Float32Array.from(box),
    text: Int32Array.from(stream(902, BATCH * LENGTH), (word) => {
      const id = word % (2 * VOCABULARY);
      return id > VOCABULARY ? 0 : id;
    }),
    imageLabel: labels,
    textLabel: labels.slice(),
  };
}

describe("ten optimizer steps of ResNet-18 and text CNN at a quarter of their width", () => {
  const store = Store.open({ device: "cpu", threads: 1 });
  const results: StepResult[] = [];

  beforeAll(async () => {
    await initialize(store, model, SEED);
    for (const { name, shape } of model.parameters.filter((parameter) => LAST_NORM.test(parameter.name))) {
      await store.write(name, shape, "f32", new Float32Array(shape[0]!).fill(LAST_GAMMA));
    }
    const source = [SOURCE, SOURCE] as const;
    const runner = await StageRunner.open({
      store,
      model,
      stage,
      stepsPerEpoch: 10,
      seed: SEED,
      source,
      fresh: true,
    });
    for (let step = 1; step <= golden.losses.length; step++) {
      const progress = { ...startOfRun, stageStep: step - 1, globalStep: step - 1 };
      results.push(await runner.step(batchOf(step), progress));
    }
    await runner.dispose();
  });
  afterAll(() => store.dispose());

  it("have PyTorch's losses", () => {
    golden.losses.forEach((expected, step) => {
      const { loss, losses } = results[step]!;
      for (const [name, value] of Object.entries({ loss, ...losses })) {
        const error = Math.abs(value - expected[name]!) / Math.abs(expected[name]!);
        expect(error, `${name} of step ${step + 1}: ${value}, golden ${expected[name]}`).toBeLessThan(
          LOSS_TOLERANCE,
        );
      }
    });
  });

  it("end in PyTorch's parameters and running statistics", async () => {
    expect(model.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const [name, { shape, rms, samples }] of Object.entries(golden.tensors)) {
      const stored = await store.read(name);
      expect(stored.shape, name).toEqual(shape);
      for (const [index, expected] of samples) {
        const error =
          Math.abs(stored.data[index]! - expected) / Math.max(rms, Math.abs(expected), SMALLEST_SCALE);
        expect(error, `${name}[${index}]: ${stored.data[index]}, golden ${expected}`).toBeLessThan(
          PARAMETER_TOLERANCE,
        );
      }
    }
  });
});
