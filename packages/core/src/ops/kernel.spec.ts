import { loadBackend } from "@dualpath/cuda-kernels";
import { afterAll, describe, expect, it } from "vitest";
import { fromFloat64, toFloat64 } from "../engine/arrays.js";
import { Store } from "../engine/store.js";
import { namedInputs, type OpRow } from "../graph/op.js";
import { isArenaValue, storageOf } from "../graph/uses.js";
import { opRegistry } from "./registry.js";
import { opCases } from "./testing/all-cases.js";
import { buildCase } from "./testing/build-case.js";
import type { OpCase } from "./testing/cases.js";

const store = Store.open({ device: "cpu", threads: 2 });

afterAll(() => store.dispose());

/** The outputs of one node on the native backend, as float64. */
const runKernel = async (op: OpRow, entry: OpCase): Promise<Float64Array[]> => {
  const { graph, inputs, outputs } = buildCase(op, entry);
  const arrays = Object.entries(entry.inputs).map(
    ([name, { dtype, data }]) => [name, fromFloat64(dtype, data)] as const,
  );
  for (const [name, data] of arrays) {
    const { origin, shape, dtype } = inputs[name]!;
    if (origin.kind === "store") await store.write(name, shape, dtype, data);
  }
  const effects = outputs.filter((output) => !isArenaValue(output));
  const program = await store.compile(graph, { taps: outputs.map(storageOf), effects });
  const results = await program.step(Object.fromEntries(arrays));
  await program.dispose();
  return outputs.map((output) => toFloat64(output.dtype, results[storageOf(output).name]!));
};

const referenceOf = (op: OpRow, entry: OpCase): readonly Float64Array[] => {
  const { outputs } = buildCase(op, entry);
  return op.reference(namedInputs(op, Object.values(entry.inputs)), op.attrs.parse(entry.attrs), outputs);
};

const largest = (data: Float64Array): number =>
  data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);

const cases = [...opRegistry.values()].flatMap((op) =>
  (opCases[op.name] ?? []).map((entry) => ({ op, entry })),
);

describe("native kernels", () => {
  it("are exactly the ops of the registry", () => {
    expect(loadBackend({ device: "cpu" }).opNames().toSorted()).toEqual([...opRegistry.keys()].sort());
  });

  it("have at least one case each", () => {
    expect([...opRegistry.keys()].filter((name) => (opCases[name] ?? []).length === 0)).toEqual([]);
  });

  it.each(cases.map((item) => [item.op.name, item.entry.title, item] as const))(
    "%s equals its float64 reference (%s)",
    async (_name, _title, { op, entry }) => {
      const reference = referenceOf(op, entry);
      const results = await runKernel(op, entry);
      reference.forEach((expected, index) => {
        const allowed = entry.tolerance * largest(expected);
        const result = results[index]!;
        const error = expected.reduce(
          (worst, value, at) => Math.max(worst, Math.abs(value - result[at]!) || 0),
          0,
        );
        expect(result.length).toBe(expected.length);
        expect(result.some(Number.isNaN)).toBe(false);
        expect(error, op.outputs[index]).toBeLessThanOrEqual(allowed);
      });
    },
  );
});
