import { describe, expect, it } from "vitest";
import type { Plan } from "../graph/types.js";
import { fromFloat64, toFloat64 } from "./arrays.js";
import { packScalars, unpackScalars } from "./scalars.js";

const plan: Plan = {
  version: 1,
  name: "p",
  values: [],
  nodes: [],
  feeds: [],
  scalars: [
    { name: "rate", dtype: "f32" },
    { name: "step", dtype: "u32" },
  ],
  taps: [],
  arenaBytes: 0,
};

describe("arrays of every number type", () => {
  it("return from float64 unchanged", () => {
    for (const [dtype, values] of [
      ["f32", [0.5, -2]],
      ["i32", [-7, 2 ** 31 - 1]],
      ["u32", [0, 2 ** 32 - 1]],
      ["u8", [0, 255]],
      ["bf16", [1.5, -0.0078125]],
    ] as const)
      expect([...toFloat64(dtype, fromFloat64(dtype, Float64Array.from(values)))]).toEqual([...values]);
  });
});

describe("scalars", () => {
  it("are packed as one 4-byte word each, by name", () => {
    const words = packScalars(plan, { step: 2 ** 32 - 1, rate: 0.5, unused: 1 });
    expect(words).toHaveLength(8);
    expect(unpackScalars(plan, words)).toEqual([0.5, 2 ** 32 - 1]);
  });

  it("must be whole and in range when they are u32", () => {
    for (const step of [-1, 0.5, 2 ** 32, NaN])
      expect(() => packScalars(plan, { rate: 1, step })).toThrow(
        `step 'p': scalar 'step': expected an integer from 0 to 4294967295, got ${step}`,
      );
  });
});
