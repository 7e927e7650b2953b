import { loadBackend } from "@dualpath/cuda-kernels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { opRegistry } from "./registry.js";
import { openHostDevice } from "../testing/host-device.js";
import { opCases } from "./testing/all-cases.js";
import { referenceOf, runKernel, worstDifference } from "./testing/run-kernel.js";

const stores = { cpu: Store.open({ device: "cpu", threads: 2 }), cuda: openHostDevice() };

/** Memory begins as NaN, and what a kernel writes beside its outputs is found. */
const guard = "DUALPATH_GUARD";

beforeAll(() => {
  process.env[guard] = "1";
});

afterAll(async () => {
  delete process.env[guard];
  await Promise.all([stores.cpu.dispose(), stores.cuda.dispose()]);
});

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
});

describe.each(["cpu", "cuda"] as const)("kernels of %s", (device) => {
  it.each(cases.map((item) => [item.op.name, item.entry.title, item] as const))(
    "%s equals its float64 reference (%s)",
    async (_name, _title, { op, entry }) => {
      const results = await runKernel(stores[device], op, entry);
      referenceOf(op, entry).forEach((expected, index) => {
        const error = worstDifference(expected, results[index]!);
        expect(error, `output ${index}`).toBeLessThanOrEqual(entry.tolerance);
      });
    },
  );
});

describe("where cuDNN and cuBLASLt have nothing that adds a bias", () => {
  const circumstances = "DUALPATH_HOST_DEVICE";
  beforeAll(() => {
    process.env[circumstances] = "epilogues=0";
  });
  afterAll(() => {
    delete process.env[circumstances];
  });

  const biased = cases.filter(({ op }) => ["matmulBias", "conv2dBias"].includes(op.name));
  it.each(biased.map((item) => [item.op.name, item.entry.title, item] as const))(
    "%s equals its float64 reference (%s)",
    async (_name, _title, { op, entry }) => {
      const results = await runKernel(stores.cuda, op, entry);
      const [expected] = referenceOf(op, entry);
      expect(worstDifference(expected!, results[0]!)).toBeLessThanOrEqual(entry.tolerance);
    },
  );
});
