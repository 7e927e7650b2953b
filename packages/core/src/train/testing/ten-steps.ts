import { readFileSync } from "node:fs";
import type { Store } from "../../engine/store.js";
import type { Precision } from "../../graph/precision.js";
import { randomWords } from "../../graph/philox.js";
import { dualPath } from "../../models/dual-path.js";
import { initialize } from "../../models/initialize.js";
import { startOfRun } from "../checkpoint.js";
import type { Batch } from "../data.js";
import { StageRunner, type StepResult } from "../stage-runner.js";
import { stageSchema } from "../stage.js";

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

export const golden = JSON.parse(
  readFileSync(new URL("../../../fixtures/ten-steps.json", import.meta.url), "utf8"),
) as Golden;

const SEED = 11;
const [BATCH, SOURCE, LENGTH, VOCABULARY, CLASSES] = [16, 36, 32, 40, 12];

export const model = dualPath(
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

/**
 * Largest differences from the golden's float64, of losses relative, of parameters after ten steps against the tensor's
 * root mean square. Those of f32 are the project's bounds. bf16 keeps 8 bits of every activation, an error of 0.4 %
 * each, and some forty layers of it stand before a loss.
 */
export const TOLERANCES = {
  f32: { loss: 1e-4, parameter: 1e-3 },
  bf16: { loss: 2e-2, parameter: 3e-2 },
} as const;

export type GoldenPrecision = keyof typeof TOLERANCES & Precision;
/** Biases start at 0 and are still that small: differences are taken against no less than this. */
const SMALLEST_SCALE = 1e-2;

/** The golden's model in a Store, at the golden's start. */
export async function openTenSteps(store: Store, precision: GoldenPrecision = "f32"): Promise<StageRunner> {
  await initialize(store, model, SEED);
  for (const { name, shape } of model.parameters.filter((parameter) => LAST_NORM.test(parameter.name))) {
    await store.write(name, shape, "f32", new Float32Array(shape[0]!).fill(LAST_GAMMA));
  }
  const source = [SOURCE, SOURCE] as const;
  const sizes = { stepsPerEpoch: golden.losses.length, seed: SEED, source, fresh: true };
  return StageRunner.open({ store, model, stage, precision, ...sizes });
}

/** Ten optimizer steps, or the first of them, of ResNet-18 and text CNN at a quarter of their width. */
export async function runTenSteps(
  store: Store,
  precision: GoldenPrecision = "f32",
  steps = golden.losses.length,
): Promise<StepResult[]> {
  const runner = await openTenSteps(store, precision);
  const results: StepResult[] = [];
  for (let step = 1; step <= steps; step++) {
    const progress = { ...startOfRun, stageStep: step - 1, globalStep: step - 1 };
    results.push(await runner.step(batchOf(step), progress));
  }
  await runner.dispose();
  return results;
}

/** Largest relative difference of a loss or its terms from the golden's. */
export function worstLoss(results: readonly StepResult[]): number {
  const errors = golden.losses.flatMap((expected, step) => {
    const { loss, losses } = results[step]!;
    return Object.entries({ loss, ...losses }).map(
      ([name, value]) => Math.abs(value - expected[name]!) / Math.abs(expected[name]!),
    );
  });
  return Math.max(...errors);
}

/** Largest difference of a sampled number of a stored tensor from the golden's, relative to its scale. */
export async function worstSample(store: Store, name: string): Promise<number> {
  const { shape, rms, samples } = golden.tensors[name]!;
  const stored = await store.read(name);
  if (String(stored.shape) !== String(shape)) return Infinity;
  const errors = samples.map(
    ([index, expected]) =>
      Math.abs(stored.data[index]! - expected) / Math.max(rms, Math.abs(expected), SMALLEST_SCALE),
  );
  return Math.max(...errors);
}
