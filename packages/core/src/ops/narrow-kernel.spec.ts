import { loadBackend } from "@dualpath/cuda-kernels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineStore } from "../engine/backend.js";
import { roundToBfloat16 } from "./cast.js";
import { opRegistry } from "./registry.js";
import { onHostDevice } from "../testing/host-device.js";
import { opCases } from "./testing/all-cases.js";
import { narrowCase, runNarrowKernel } from "./testing/narrow-case.js";
import { referenceOf, worstDifference } from "./testing/run-kernel.js";

/** bf16 by widened copies, on whatever processor; and what a kernel writes beside its outputs is found. */
const settings = { DUALPATH_BF16: "widen", DUALPATH_GUARD: "1" };

const open = (device: "cpu" | "cuda"): EngineStore =>
  loadBackend({ device }).createStore({ device, threads: 2 });
const stores = { cpu: open("cpu"), cuda: onHostDevice(() => open("cuda")) };

beforeAll(() => {
  Object.assign(process.env, settings);
});

afterAll(async () => {
  for (const name of Object.keys(settings)) delete process.env[name];
  await Promise.all([stores.cpu.dispose(), stores.cuda.dispose()]);
});

const narrowOps = [...opRegistry.values()].filter(({ narrow }) => narrow !== undefined);
const cases = narrowOps.flatMap((op) =>
  (opCases[op.name] ?? []).map((entry) => ({ op, entry: narrowCase(op, entry) })),
);

const named = (of: typeof cases) => of.map((item) => [item.op.name, item.entry.title, item] as const);
const products = cases.filter(({ op }) => op.product);

it("native kernels on bf16 are those of convolutions, products and what lies between them", () => {
  expect(narrowOps.length).toBeGreaterThan(30);
});

describe.each(["cpu", "cuda"] as const)("kernels of %s on bf16", (device) => {
  it.each(named(cases))(
    "%s equals its float64 reference to its roundings (%s)",
    async (_name, _title, { op, entry }) => {
      const results = await runNarrowKernel(stores[device], op, entry);
      referenceOf(op, entry).forEach((expected, index) => {
        const error = worstDifference(expected, results[index]!);
        expect(error, `output ${index}`).toBeLessThanOrEqual(entry.tolerance);
      });
    },
  );

  it.each(named(products))(
    "%s of bf16 has an f32 result that is not rounded (%s)",
    async (_name, _title, { op, entry }) => {
      const [result] = await runNarrowKernel(stores[device], op, entry, true);
      const [expected] = referenceOf(op, entry);
      const exact = opCases[op.name]!.find(({ title }) => title === entry.title)!.tolerance;
      expect(worstDifference(expected!, result!)).toBeLessThanOrEqual(exact);
    },
  );
});

describe("where cuDNN has no engine from bf16 to f32", () => {
  const circumstances = "DUALPATH_HOST_DEVICE";
  beforeAll(() => {
    process.env[circumstances] = "widening=0";
  });
  afterAll(() => {
    delete process.env[circumstances];
  });

  const convolutions = products.filter(({ op }) => /^conv2d(Grad.)?$/.test(op.name));
  it.each(named(convolutions))(
    "the result of %s is rounded once, and widened (%s)",
    async (_name, _title, { op, entry }) => {
      const [result] = await runNarrowKernel(stores.cuda, op, entry, true);
      expect(result).toEqual(result!.map(roundToBfloat16));
      expect(worstDifference(referenceOf(op, entry)[0]!, result!)).toBeLessThanOrEqual(entry.tolerance);
    },
  );
});
