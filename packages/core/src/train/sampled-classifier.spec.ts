import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { uniform01 } from "../graph/philox.js";
import { CentreTable } from "./centre-table.js";
import { sampleClasses } from "./sample-classes.js";
import { SampledClassifier } from "./sampled-classifier.js";

let store: Store;
beforeEach(() => void (store = Store.open({ device: "reference" })));
afterEach(() => store.dispose());

const [CLASSES, DIMENSION, BATCH] = [6, 3, 4];
const update = { learningRate: 0.5, momentum: 0.9, weightDecay: 0.01 };
const features = uniform01(1, 2, 3, BATCH * DIMENSION).map((value) => 4 * value - 2);
const labels = Int32Array.of(2, 5, 2, 0);
const every = Int32Array.from({ length: CLASSES }, (_, id) => id);

const centresOf = (table: CentreTable): Float32Array => {
  const target = new Float32Array(table.rows * table.dimension);
  table.gather(
    Int32Array.from({ length: table.rows }, (_, id) => id),
    target,
  );
  return target;
};

/** Loss and gradients of a full softmax by plain loops. */
function byLoops(centres: Float32Array) {
  const gradient = new Float64Array(centres.length);
  const featureGradient = new Float64Array(features.length);
  let loss = 0;
  labels.forEach((label, row) => {
    const at = (id: number): number =>
      [0, 1, 2].reduce((sum, k) => sum + features[row * DIMENSION + k]! * centres[id * DIMENSION + k]!, 0);
    const exponents = Array.from(every, (id) => Math.exp(at(id)));
    const sum = exponents.reduce((a, b) => a + b, 0);
    loss += (Math.log(sum) - at(label)) / BATCH;
    every.forEach((id) => {
      const slope = (exponents[id]! / sum - Number(id === label)) / BATCH;
      for (let k = 0; k < DIMENSION; k++) {
        gradient[id * DIMENSION + k]! += slope * features[row * DIMENSION + k]!;
        featureGradient[row * DIMENSION + k]! += slope * centres[id * DIMENSION + k]!;
      }
    });
  });
  return { loss, gradient, featureGradient };
}

const close = (got: ArrayLike<number>, expected: ArrayLike<number>): void =>
  Array.from(expected).forEach((value, index) => expect(got[index]).toBeCloseTo(value, 5));

describe("a sampled classifier", () => {
  it("with all classes in the sample is the full softmax with SGD", async () => {
    const options = { classes: CLASSES, dimension: DIMENSION, sample: CLASSES, batchSize: BATCH, seed: 7 };
    await using classifier = await SampledClassifier.open(store, options);
    let centres = centresOf(classifier.centres);
    let velocity = new Float64Array(centres.length);
    for (let step = 0; step < 3; step++) {
      const { loss, gradient, featureGradient } = byLoops(centres);
      const result = await classifier.step(features, labels, update);
      expect(result.loss).toBeCloseTo(loss, 5);
      close(result.gradient, featureGradient);
      velocity = velocity.map((v, at) => 0.9 * v + gradient[at]! + 0.01 * centres[at]!);
      centres = centres.map((w, at) => w - 0.5 * velocity[at]!);
      close(centresOf(classifier.centres), centres);
    }
  });

  it("moves the centres of the sample only", async () => {
    const options = { classes: 50, dimension: DIMENSION, sample: 8, batchSize: BATCH, seed: 7 };
    await using classifier = await SampledClassifier.open(store, options);
    const before = centresOf(classifier.centres);
    await classifier.step(features, labels, update);
    const after = centresOf(classifier.centres);
    const { ids } = sampleClasses(labels, { classes: 50, size: 8, seed: 7 }, 1);
    for (let id = 0; id < 50; id++) {
      const row = (table: Float32Array) => table.slice(id * DIMENSION, (id + 1) * DIMENSION);
      if (ids.includes(id)) expect(row(after)).not.toEqual(row(before));
      else expect(row(after)).toEqual(row(before));
    }
  });

  it("learns to tell its classes", async () => {
    const options = { classes: 1000, dimension: DIMENSION, sample: 20, batchSize: BATCH, seed: 1 };
    await using classifier = await SampledClassifier.open(store, options);
    const losses: number[] = [];
    for (let step = 0; step < 30; step++) losses.push((await classifier.step(features, labels, update)).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  });
});

describe("a sample of classes", () => {
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

describe("a table of centres", () => {
  it("takes eight bytes a number, and crosses its shards", () => {
    const rows = (1 << 18) + 2;
    expect(CentreTable.bytes({ rows: 10_000_000, dimension: 128 })).toBe(10_240_000_000);
    const table = new CentreTable({ rows, dimension: 1, seed: 0 });
    const ids = Int32Array.of((1 << 18) - 1, 1 << 18);
    const before = new Float32Array(2);
    table.gather(ids, before);
    table.update(ids, Float32Array.of(1, -1), { learningRate: 0.1, momentum: 0, weightDecay: 0 });
    const after = new Float32Array(2);
    table.gather(ids, after);
    close(after, [before[0]! - 0.1, before[1]! + 0.1]);
  });

  it("refuses a gradient of another size", () => {
    const table = new CentreTable({ rows: 2, dimension: 2, seed: 0 });
    expect(() => table.update(Int32Array.of(0), new Float32Array(3), update)).toThrow("expected 2 numbers");
  });
});
