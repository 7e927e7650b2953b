import { loadBackend } from "@dualpath/cuda-kernels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineStore } from "../engine/backend.js";
import { opRegistry } from "./registry.js";
import { opCases } from "./testing/all-cases.js";
import { narrowCase, runNarrowKernel } from "./testing/narrow-case.js";
import { referenceOf, worstDifference } from "./testing/run-kernel.js";

/** bf16 by widened copies, on whatever processor; and what a kernel writes beside its outputs is found. */
const settings = { DUALPATH_BF16: "widen", DUALPATH_GUARD: "1" };

let store: EngineStore;

beforeAll(() => {
  Object.assign(process.env, settings);
  store = loadBackend({ device: "cpu" }).createStore({ device: "cpu", threads: 2 });
});

afterAll(async () => {
  for (const name of Object.keys(settings)) delete process.env[name];
  await store.dispose();
});

const narrowOps = [...opRegistry.values()].filter(({ narrow }) => narrow !== undefined);
const cases = narrowOps.flatMap((op) =>
  (opCases[op.name] ?? []).map((entry) => ({ op, entry: narrowCase(op, entry) })),
);

describe("native kernels on bf16", () => {
  it("are those of convolutions, products and what lies between them", () => {
    expect(narrowOps.length).toBeGreaterThan(30);
  });

  it.each(cases.map((item) => [item.op.name, item.entry.title, item] as const))(
    "%s equals its float64 reference to a rounding (%s)",
    async (_name, _title, { op, entry }) => {
      const results = await runNarrowKernel(store, op, entry);
      referenceOf(op, entry).forEach((expected, index) => {
        const error = worstDifference(expected, results[index]!);
        expect(error, `output ${index}`).toBeLessThanOrEqual(entry.tolerance);
      });
    },
  );

  const products = cases.filter(({ op }) => op.product);
  it.each(products.map((item) => [item.op.name, item.entry.title, item] as const))(
    "%s of bf16 has an f32 result that is not rounded (%s)",
    async (_name, _title, { op, entry }) => {
      const [result] = await runNarrowKernel(store, op, entry, true);
      const [expected] = referenceOf(op, entry);
      const exact = opCases[op.name]!.find(({ title }) => title === entry.title)!.tolerance;
      expect(worstDifference(expected!, result!)).toBeLessThanOrEqual(exact);
    },
  );
});
