import { describe, expect, it } from "vitest";
import { decodeMetricValue, fromWire, toWire } from "./wire.js";

describe("toWire", () => {
  it("renames keys at every depth and leaves values alone", () => {
    expect(toWire({ runId: "aB", datasets: [{ dataset: { sourceType: "npmX" } }] })).toEqual({
      run_id: "aB",
      datasets: [{ dataset: { source_type: "npmX" } }],
    });
  });

  it("spells NaN and the infinities, which JSON would turn into null", () => {
    expect(toWire([NaN, Infinity, -Infinity, 1.5])).toEqual(["NaN", "Infinity", "-Infinity", 1.5]);
  });
});

describe("fromWire", () => {
  it("is the inverse of toWire for names", () => {
    const value = { experimentId: "1", tags: [{ key: "some_key", value: "some_value" }] };
    expect(fromWire(toWire(value))).toEqual(value);
  });
});

describe("decodeMetricValue", () => {
  it.each([
    ["NaN", NaN],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity],
    [1.7976931348623157e308, Infinity],
    [-1.7976931348623157e308, -Infinity],
    [0.25, 0.25],
  ])("reads %s as %d", (value, expected) => {
    expect(decodeMetricValue(value)).toBe(expected);
  });
});
