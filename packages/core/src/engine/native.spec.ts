import { afterAll, describe, expect, it } from "vitest";
import { evaluate } from "../graph/interpret.js";
import { makePlan } from "../graph/make-plan.js";
import type { Plan } from "../graph/types.js";
import { randomStep } from "../graph/testing/random-graph.js";
import { boundaryNumbers } from "../graph/testing/run-plan.js";
import { Graph, type Value } from "../graph/graph.js";
import { storageOf } from "../graph/uses.js";
import * as ops from "../ops/index.js";
import { Store } from "./store.js";

/** A dozen f32 layers forward and backward, batch norm among them, against float64. */
const stepTolerance = 2e-4;

const store = Store.open({ device: "cpu", threads: 2 });

afterAll(() => store.dispose());

/** Largest difference, relative to the largest expected element. */
const worstError = (expected: Float64Array, got: Float64Array): number => {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
  return expected.reduce((worst, value, at) => Math.max(worst, Math.abs(value - got[at]!) / scale), 0);
};

/** Runs taps and effects natively; store values are read back. */
const runNative = async (
  graph: Graph,
  taps: readonly Value[],
  effects: readonly Value[],
  numbers: Readonly<Record<string, Float64Array>>,
): Promise<Float64Array[]> => {
  const single = (name: string): Float32Array => Float32Array.from(numbers[name]!);
  for (const { name, shape, origin } of graph.boundary)
    if (origin.kind === "store") await store.write(name, shape, "f32", single(name));
  const program = await store.compile(graph, { taps, effects });
  const feeds = graph.boundary
    .filter(({ origin }) => origin.kind === "feed")
    .map(({ name }) => [name, single(name)]);
  const scalars = graph.boundary
    .filter(({ origin }) => origin.kind === "scalar")
    .map(({ name }) => [name, numbers[name]![0]!]);
  const results = await program.step(Object.fromEntries(feeds), Object.fromEntries(scalars));
  await program.dispose();
  const updated = await Promise.all(effects.map((effect) => store.read(storageOf(effect).name)));
  return [...taps.map(({ name }) => results[name]!), ...updated.map(({ data }) => data)].map((data) =>
    Float64Array.from(data),
  );
};

describe("native execution of whole steps", () => {
  it.each([4, 16, 20])("equals the reference on random training steps with %i channels", async (channels) => {
    for (let seed = 0; seed < 6; seed++) {
      const { graph, taps, effects } = randomStep(100 + seed, 4 + seed, channels);
      const numbers = boundaryNumbers(graph);
      const expected = evaluate([...taps, ...effects], numbers);
      const results = await runNative(graph, taps, effects, numbers);
      const errors = expected.map((data, index) => worstError(data, results[index]!));
      expect(
        errors.every((error) => error < stepTolerance),
        `seed ${seed}: ${errors.join(", ")}`,
      ).toBe(true);
    }
  });

  it("gives the same bits twice", async () => {
    const { graph, taps, effects } = randomStep(7, 16, 16);
    const numbers = boundaryNumbers(graph);
    const [first, second] = [
      await runNative(graph, taps, effects, numbers),
      await runNative(graph, taps, effects, numbers),
    ];
    expect(second).toEqual(first);
  });
});

/** Rank-4 values that every element-by-element op may overwrite, in the layout of a convolution. */
const inPlaceOps: Readonly<Record<string, (x: Value, other: Value) => Value>> = {
  relu: (x) => ops.relu(x),
  relu6: (x) => ops.relu6(x),
  reluGrad: (x, other) => ops.reluGrad(x, other),
  "reluGrad, second input": (x, other) => ops.add(ops.reluGrad(other, x), other),
  relu6Grad: (x, other) => ops.relu6Grad(x, other),
  exp: (x) => ops.exp(x),
  square: (x) => ops.square(x),
  softplus: (x) => ops.softplus(x),
  softplusGrad: (x, other) => ops.softplusGrad(x, other),
  affine: (x) => ops.affine(x, { multiply: 2, add: 1 }),
  scale: (x) => ops.scale(x, x.graph.scalar("factor")),
  add: (x, other) => ops.add(x, other),
  "subtract, second input": (x, other) => ops.multiply(ops.subtract(other, x), other),
  multiply: (x, other) => ops.multiply(x, other),
  divide: (x, other) => ops.divide(x, ops.affine(ops.square(other), { add: 1 })),
  "add of a vector": (x) => ops.add(x, x.graph.parameter("vector", [x.shape[3]!])),
  biasAdd: (x, other) => ops.biasAdd(ops.subtract(x, other), x.graph.parameter("vector", [x.shape[3]!])),
  dropout: (x) => ops.dropout(x, x.graph.scalar("seed", "u32"), x.graph.scalar("step", "u32"), { rate: 0.4 }),
  reshape: (x) => ops.reshape(x, { shape: [x.shape[0]! * 16, x.shape[3]!] }),
  batchNormFrozen: (x) => {
    const vector = x.graph.parameter("vector", [x.shape[3]!]);
    const variance = ops.affine(ops.square(vector), { add: 1 });
    return ops.batchNormFrozen(x, vector, vector, vector, variance);
  },
  batchNormGrad: (x, other) => {
    const vector = x.graph.parameter("vector", [x.shape[3]!]);
    const { mean, variance } = ops.batchNorm(other, vector, vector);
    return ops.batchNormGrad(x, other, vector, mean, variance, other, { activation: "relu" }).dx;
  },
  batchNormAddReluGrad: (x, other) => {
    const vector = x.graph.parameter("vector", [x.shape[3]!]);
    const { mean, variance } = ops.batchNorm(other, vector, vector);
    const { dx, dresidual } = ops.batchNormAddReluGrad(x, other, vector, mean, variance, other);
    return ops.subtract(dx, dresidual);
  },
};

/** Names of the values whose memory a node takes over. */
const overwritten = ({ nodes, values }: Plan): readonly string[] => {
  const offset = (id: number): number | undefined => {
    const { place } = values[id]!;
    return place.kind === "arena" ? place.offset : undefined;
  };
  const taken = nodes.flatMap(({ inputs, outputs }) =>
    inputs.filter((id) => offset(id) === offset(outputs[0]!)),
  );
  return taken.map((id) => values[id]!.name);
};

describe("native kernels between convolutions", () => {
  it.each(Object.entries(inPlaceOps))(
    "%s equals the reference when it overwrites its input",
    async (_name, build) => {
      for (const channels of [5, 16]) {
        const graph = new Graph("in place");
        const image = graph.input("image", [2, 4, 4, channels]);
        const w = graph.parameter("w", [channels, channels, 3, 3]);
        const [x, other] = [
          ops.conv2d(image, w, { pad: [1, 1, 1, 1] }),
          ops.conv2d(image, w, { pad: [2, 0, 2, 0] }),
        ];
        const y = ops.affine(build(x, other), { multiply: 3 });
        expect(overwritten(makePlan(graph, { taps: [y] }))).toContain(x.name);
        const numbers = boundaryNumbers(graph);
        const [expected] = evaluate([y], numbers);
        const [result] = await runNative(graph, [y], [], numbers);
        expect(worstError(expected!, result!)).toBeLessThan(stepTolerance);
      }
    },
  );
});
