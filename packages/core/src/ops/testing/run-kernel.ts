import { fromFloat64, toFloat64 } from "../../engine/arrays.js";
import type { Store } from "../../engine/store.js";
import { namedInputs, type OpRow } from "../../graph/op.js";
import { isArenaValue, storageOf } from "../../graph/uses.js";
import { buildCase } from "./build-case.js";
import type { OpCase } from "./cases.js";

/** The outputs of one node on a store's backend, as float64. */
export const runKernel = async (store: Store, op: OpRow, entry: OpCase): Promise<Float64Array[]> => {
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

/** What the op's float64 reference gives for a case. */
export const referenceOf = (op: OpRow, entry: OpCase): readonly Float64Array[] => {
  const { outputs } = buildCase(op, entry);
  return op.reference(namedInputs(op, Object.values(entry.inputs)), op.attrs.parse(entry.attrs), outputs);
};

const largest = (data: Float64Array): number =>
  data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);

/** Largest difference, relative to the largest expected element or 1; infinite for a NaN or another size. */
export const worstDifference = (expected: Float64Array, got: Float64Array): number => {
  if (got.length !== expected.length || got.some(Number.isNaN)) return Infinity;
  const difference = (worst: number, value: number, at: number): number =>
    Math.max(worst, Math.abs(value - got[at]!) || 0);
  return expected.reduce(difference, 0) / largest(expected);
};
