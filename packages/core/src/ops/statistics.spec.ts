import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openHostDevice } from "../testing/host-device.js";
import { opCases } from "./testing/all-cases.js";
import type { OpCase } from "./testing/cases.js";
import { worstDifference } from "./testing/run-kernel.js";
import { referenceStatistics, runStatistics, statisticsCase } from "./testing/statistics-case.js";

/** Memory begins as NaN, and what a kernel writes beside its outputs is found. */
const guard = "DUALPATH_GUARD";
const circumstances = "DUALPATH_HOST_DEVICE";

const store = openHostDevice();
const cases = opCases["conv2d"]!.map((entry) => [entry.title, statisticsCase(entry)] as const);

beforeAll(() => {
  process.env[guard] = "1";
});

afterEach(() => {
  delete process.env[circumstances];
});

afterAll(async () => {
  delete process.env[guard];
  await store.dispose();
});

/** Runs a case, and returns the convolution's kernel. */
const kernelOf = async (entry: OpCase): Promise<string> => {
  const { kernel, statistics } = await runStatistics(store, entry);
  referenceStatistics(entry).forEach((expected, index) => {
    expect(worstDifference(expected, statistics[index]!)).toBeLessThanOrEqual(entry.tolerance);
  });
  return kernel;
};

describe("mean and variance of a convolution's channels in bf16", () => {
  it.each(cases)("are float64's where cuDNN adds them up (%s)", async (_, entry) => {
    const channels = entry.inputs["w"]!.shape[0]!;
    const expected = channels % 4 === 0 ? "cuDNN loops with statistics" : "cuDNN loops";
    expect(await kernelOf(entry)).toBe(expected);
  });

  it.each(cases)("and where it cannot (%s)", async (_, entry) => {
    process.env[circumstances] = "statistics=0";
    expect(await kernelOf(entry)).toBe("cuDNN loops");
  });
});
