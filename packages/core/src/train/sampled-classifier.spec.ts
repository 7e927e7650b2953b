import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StepEvent } from "./events.js";
import { RowTable } from "./row-table.js";
import { openSafetensors, writeSafetensors } from "./safetensors.js";
import { sampleClasses } from "./sample-classes.js";
import { SampledClassifier } from "./sampled-classifier.js";
import { syntheticData } from "./testing/synthetic.js";
import type { TrainerOptions } from "./trainer-options.js";
import { Trainer } from "./trainer.js";

const CLASSES = 24;
const data = syntheticData({ classes: CLASSES, imageDimension: 10, textDimension: 8, rows: 48 });

const modelOf = (classifier: object) => ({
  image: { kind: "features", dimension: 10 },
  text: { kind: "vector", dimension: 8 },
  embedding: 12,
  head: { imageHidden: 0, dropout: 0, output: "batch-norm" },
  classifier: { bias: false, gain: 1, ...classifier },
});

const momentum = {
  name: "momentum",
  epochs: 2,
  batchSize: 8,
  losses: { instance: {}, contrastive: { weight: 0.5 } },
  optimizer: { kind: "sgd", weightDecay: 0.01 },
  learningRate: 0.2,
};

const adaptive = {
  ...momentum,
  name: "adaptive",
  optimizer: { kind: "adam", weightDecay: 0.01 },
  learningRate: 0.01,
  groups: [{ match: "classifier", multiplier: 0.5 }],
  clip: { norm: 0.5 },
};

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "sampled-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Loss of every step, and the centres at the end. */
async function train(
  classifier: object,
  extra: Partial<TrainerOptions> = {},
  stopAfter = Infinity,
): Promise<{ losses: number[]; centres: Float32Array }> {
  const stop = new AbortController();
  const folder = join(directory, JSON.stringify(classifier).replaceAll(/\W+/g, "-"));
  const options = { model: modelOf(classifier), curriculum: [momentum, adaptive], data, seed: 3 };
  const place = { device: "cpu", threads: 1, directory: folder, resume: true, signal: stop.signal } as const;
  await using trainer = new Trainer({ ...options, ...place, ...extra });
  const steps: StepEvent[] = [];
  for await (const event of trainer.run()) {
    if (event.type === "step") steps.push(event);
    if (steps.length >= stopAfter) stop.abort();
  }
  const centres = await centresIn(join(extra.directory ?? folder, "last.safetensors"));
  return { losses: steps.map(({ loss }) => loss), centres };
}

async function centresIn(path: string): Promise<Float32Array> {
  const file = await openSafetensors(path);
  try {
    const bytes = await file.readBytes("classifier.weight");
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  } finally {
    await file.close();
  }
}

const rowOf = (centres: Float32Array, id: number): number[] => [...centres.subarray(id * 12, (id + 1) * 12)];

describe("a sampled classifier in a curriculum", () => {
  it.each([{}, { normalized: { scale: 8 } }])(
    "with all classes in the sample trains as the classifier in the Store does (%o)",
    async (more) => {
      const whole = await train(more);
      const sampled = await train({ ...more, sampled: 1000 });
      expect(sampled.losses).toHaveLength(24);
      sampled.losses.forEach((loss, step) => expect(loss).toBeCloseTo(whole.losses[step]!, 3));
      sampled.centres.forEach((value, at) => expect(value).toBeCloseTo(whole.centres[at]!, 3));
    },
  );

  it("learns its classes from a sample of them", async () => {
    const { losses } = await train({ sampled: 12 }, { curriculum: [{ ...momentum, epochs: 10 }] });
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  });

  it("moves the centres of the sample only", async () => {
    const first = await train({ sampled: 10 }, { curriculum: [{ ...momentum, epochs: 1 }] }, 1);
    const labels = [];
    for await (const batch of data.batches({ epoch: 0, batchSize: 8, seed: 3 })) {
      labels.push(...batch.imageLabel, ...batch.textLabel);
      break;
    }
    const sample = { classes: CLASSES, size: 10, seed: 3 };
    const { ids } = sampleClasses(Int32Array.from(labels), sample, 1);
    const shape = [CLASSES, 12];
    const initializer = { kind: "fan-in-uniform", gain: 1 } as const;
    const declaration = { name: "classifier.weight", shape, initializer, kind: "weight" } as const;
    const { centres } = new SampledClassifier(declaration, 10, 3);
    for (let id = 0; id < CLASSES; id++) {
      const [before, after] = [[...centres.row(id)], rowOf(first.centres, id)];
      if (ids.includes(id)) expect(after).not.toEqual(before);
      else expect(after).toEqual(before);
    }
  });

  it("resumes to the bits of the run that was never stopped, in the middle of a stage", async () => {
    const whole = await train({ sampled: 12 });
    const stopped = join(directory, "stopped");
    const losses = [...(await train({ sampled: 12 }, { directory: stopped }, 16)).losses];
    const rest = await train({ sampled: 12 }, { directory: stopped });
    expect([...losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.centres).toEqual(whole.centres);
  });

  it("goes back to the best centres where a stage starts from them, with files and without", async () => {
    const curriculum = [momentum, { ...adaptive, startFrom: "best", frozen: ["classifier"] }];
    const files = await train({ sampled: 12 }, { curriculum, evaluation: { batchSize: 20 } });
    const folder = join(directory, "-sampled-12-");
    expect(files.centres).toEqual(await centresIn(join(folder, "best-momentum.safetensors")));
    const memory = {
      model: modelOf({ sampled: 12 }),
      curriculum,
      data,
      seed: 3,
      evaluation: { batchSize: 20 },
    };
    await using trainer = new Trainer({ ...memory, device: "cpu", threads: 1 });
    const losses: number[] = [];
    for await (const event of trainer.run()) if (event.type === "step") losses.push(event.loss);
    expect(losses).toEqual(files.losses);
  });

  it("leaves frozen centres as they are", async () => {
    const curriculum = [{ ...momentum, frozen: ["classifier"] }];
    const { centres } = await train({ sampled: 12 }, { curriculum });
    const none = await train({ sampled: 12 }, { curriculum, directory: join(directory, "none") }, 1);
    expect(centres).toEqual(none.centres);
  });

  it("counts its centres in what a stage learns", async () => {
    const learnt = async (classifier: object): Promise<number> => {
      const options = { model: modelOf(classifier), curriculum: [momentum], data, seed: 3 };
      await using trainer = new Trainer({ ...options, device: "cpu", threads: 1 });
      for await (const event of trainer.run())
        if (event.type === "stage-start") return event.learntParameters;
      return 0;
    };
    expect(await learnt({ sampled: 12 })).toBe(await learnt({}));
  });

  it("is refused with a bias, and with a sample that is smaller than a batch's classes", async () => {
    const options = { curriculum: [momentum], data, seed: 3 };
    expect(() => new Trainer({ ...options, model: modelOf({ sampled: 12, bias: true }) })).toThrow(
      "has no bias",
    );
    await expect(train({ sampled: 4 })).rejects.toMatchObject({ code: "CONFIG" });
  });
});

describe("a sample of classes", () => {
  const labels = Int32Array.of(2, 5, 2, 0);

  it("holds every class of the batch, then others, each once, and tells their places", () => {
    const { ids, labels: places } = sampleClasses(labels, { classes: 10_000_000, size: 200, seed: 3 }, 9);
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(200);
    expect(Array.from(places, (place) => ids[place])).toEqual([...labels]);
    expect(Math.max(...ids)).toBeGreaterThan(5_000_000);
    expect(Math.max(...ids)).toBeLessThan(10_000_000);
  });

  it("is the same for the same seed and step, and another for others", () => {
    const sample = (seed: number, step: number) =>
      [...sampleClasses(labels, { classes: 1000, size: 20, seed }, step).ids].join();
    expect(sample(3, 9)).toBe(sample(3, 9));
    expect(sample(3, 10)).not.toBe(sample(3, 9));
    expect(sample(4, 9)).not.toBe(sample(3, 9));
  });

  it("may be all classes", () => {
    const { ids } = sampleClasses(labels, { classes: 6, size: 6, seed: 0 }, 1);
    expect([...ids].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each([
    ["a label out of range", Int32Array.of(0, 6), 6, "BATCH"],
    ["a label below zero", Int32Array.of(-1), 6, "BATCH"],
    ["a sample smaller than the batch's classes", Int32Array.of(0, 1, 2), 2, "CONFIG"],
    ["a sample larger than all classes", Int32Array.of(0), 7, "CONFIG"],
  ])("refuses %s", (_, wrong, size, code) => {
    expect(() => sampleClasses(wrong, { classes: 6, size, seed: 0 }, 1)).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });
});

describe("a table of rows", () => {
  const SHARD = 1 << 18;

  it("crosses its shards, in memory and in a file", async () => {
    const rows = SHARD + 2;
    const table = RowTable.zeros({ rows, dimension: 1 });
    const ids = Int32Array.of(SHARD - 1, SHARD, SHARD + 1);
    ids.forEach((id, index) => table.row(id).fill(index + 1));
    const path = join(directory, "table.safetensors");
    await writeSafetensors(path, [table.source("centres")], {});
    const other = RowTable.zeros({ rows, dimension: 1 });
    const file = await openSafetensors(path);
    await other.read(file, "centres").finally(() => file.close());
    const read = new Float32Array(3);
    other.gather(ids, read);
    expect([...read]).toEqual([1, 2, 3]);
    expect(() => other.gather(ids, new Float32Array(2))).toThrow("expected room for 3 numbers, got 2");
  });

  it("refuses a tensor that is missing or has another shape", async () => {
    const path = join(directory, "table.safetensors");
    await writeSafetensors(path, [RowTable.zeros({ rows: 3, dimension: 2 }).source("centres")], {});
    const file = await openSafetensors(path);
    const table = RowTable.zeros({ rows: 2, dimension: 2 });
    await expect(table.read(file, "centres")).rejects.toThrow(
      /'centres': expected F32 \[2, 2\], got F32 \[3, 2\]/,
    );
    await expect(table.read(file, "other")).rejects.toMatchObject({ code: "CHECKPOINT_MODEL" });
    await file.close();
  });

  it("takes four bytes a number, and as many again for each state of the optimizer", () => {
    const sizes = { rows: 10_000_000, dimension: 128 };
    expect(RowTable.bytes(sizes)).toBe(5_120_000_000);
    const sgd = { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0, decays: "all" } as const;
    expect(SampledClassifier.bytes(sizes, sgd)).toBe(10_240_000_000);
  });
});
