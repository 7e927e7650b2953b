import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { precisionOn } from "../engine/precision.js";
import { readCheckpointHeader } from "./checkpoint.js";
import type { StepEvent, TrainingEvent } from "./events.js";
import { syntheticData } from "./testing/synthetic.js";
import type { TrainerOptions } from "./trainer-options.js";
import { Trainer } from "./trainer.js";

const mode = "DUALPATH_BF16";

let directory: string;
beforeEach(async () => {
  process.env[mode] = "widen";
  directory = await mkdtemp(join(tmpdir(), "precision-"));
});
afterEach(async () => {
  delete process.env[mode];
  await rm(directory, { recursive: true, force: true });
});

const options: TrainerOptions = {
  model: {
    image: { kind: "features", dimension: 10 },
    text: { kind: "vector", dimension: 8 },
    embedding: 12,
    head: { imageHidden: 16, textHidden: 16, dropout: 0.2, output: "batch-norm" },
    classifier: { bias: false, gain: 1 },
  },
  curriculum: [
    {
      name: "one",
      epochs: 8,
      batchSize: 16,
      losses: { instance: {} },
      optimizer: { kind: "sgd" },
      learningRate: 0.1,
    },
  ],
  data: syntheticData({ classes: 6, imageDimension: 10, textDimension: 8, rows: 48 }),
  seed: 3,
  device: "cpu",
  threads: 1,
  precision: "bf16",
};

interface Outcome {
  readonly events: readonly TrainingEvent[];
  readonly bits: Readonly<Record<string, number[]>>;
}

async function train(extra: Partial<TrainerOptions> = {}, steps = Infinity): Promise<Outcome> {
  const abort = new AbortController();
  const trainer = new Trainer({ ...options, signal: abort.signal, ...extra });
  try {
    const events: TrainingEvent[] = [];
    for await (const event of trainer.run()) {
      events.push(event);
      if (event.type === "step" && event.step === steps) abort.abort();
    }
    const bits: Record<string, number[]> = {};
    for (const name of trainer.store.names().toSorted())
      bits[name] = Array.from((await trainer.store.read(name)).data);
    return { events, bits };
  } finally {
    await trainer.dispose();
  }
}

const losses = ({ events }: Outcome): readonly number[] =>
  events.filter((event): event is StepEvent => event.type === "step").map(({ loss }) => loss);

/** How far from f32 the last epoch of bf16 may be, as a share of what was learnt: noise of roundings over 24 steps. */
const CLOSE = 0.02;

describe("training in bf16", () => {
  it("gives the same bits for the same seed, and others than f32", async () => {
    const [one, other, plain] = [await train(), await train(), await train({ precision: "f32" })];
    expect(other.bits).toEqual(one.bits);
    expect(plain.bits).not.toEqual(one.bits);
  });

  it("resumes in the bits of the run that was never stopped", async () => {
    await train({ directory }, 10);
    const resumed = await train({ directory, resume: true });
    expect(losses(resumed)).toHaveLength(14);
    expect(resumed.bits).toEqual((await train()).bits);
  });

  it("reaches a loss close to that of f32", async () => {
    const [narrow, plain] = [losses(await train()), losses(await train({ precision: "f32" }))];
    const end = (values: readonly number[]): number =>
      values.slice(-3).reduce((sum, value) => sum + value / 3, 0);
    const fall = plain[0]! - end(plain);
    expect(fall).toBeGreaterThan(0.7 * plain[0]!);
    expect(Math.abs(end(narrow) - end(plain)) / fall).toBeLessThan(CLOSE);
  });

  it("keeps parameters, optimizer state and checkpoints in f32", async () => {
    await train({ directory });
    const path = join(directory, "stage-one.safetensors");
    expect((await readCheckpointHeader(path)).description.precision).toBe("bf16");
    const trainer = new Trainer(options);
    for await (const event of trainer.run()) if (event.type === "step") break;
    for (const name of trainer.store.names())
      expect((await trainer.store.read(name)).dtype, name).toBe("f32");
    await trainer.dispose();
  });

  it("goes on from no checkpoint of another precision", async () => {
    await train({ directory }, 10);
    await expect(train({ directory, resume: true, precision: "f32" })).rejects.toMatchObject({
      code: "CHECKPOINT_MODEL",
      message: expect.stringContaining("checkpoint of another precision: precision: expected nothing, got"),
    });
  });

  it("says in the first event how it computes", async () => {
    const { events } = await train();
    expect(events[0]).toMatchObject({ precision: { wanted: "bf16", inForce: "bf16" } });
  });
});

describe("a precision that the device lacks", () => {
  it("falls back to f32 with the reason", async () => {
    const precision = { wanted: "tf32", inForce: "f32", reason: expect.stringContaining("TF32") as string };
    expect(precisionOn("cpu", "tf32")).toEqual(precision);
    const [other, plain] = [await train({ precision: "tf32" }), await train({ precision: "f32" })];
    expect(other.events[0]).toMatchObject({ precision });
    expect(other.bits).toEqual(plain.bits);
  });

  it("is bf16 on a processor without its instructions, unless copies are widened", () => {
    delete process.env[mode];
    const { inForce, reason } = precisionOn("cpu", "bf16");
    expect([inForce, reason]).toEqual(
      inForce === "bf16" ? ["bf16", undefined] : ["f32", "processor: expected AVX-512 BF16, got none"],
    );
  });

  it("is refused by name when there is no such one", () => {
    expect(() => new Trainer({ ...options, precision: "fp8" as "bf16" })).toThrow(/f32/);
  });
});
