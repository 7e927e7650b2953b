import { describe, expect, it } from "vitest";
import { batchSize, cutBatches } from "./batches.js";
import { MlflowValidationError } from "./errors.js";
import { toWire } from "./wire.js";

function points(count: number, key = "loss") {
  return Array.from({ length: count }, (_, step) => ({ key, value: step, step, timestamp: 1 }));
}

function pairs(count: number, value = "v") {
  return Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value }));
}

describe("cutBatches", () => {
  it("cuts points into calls of 1000 and keeps their order", () => {
    const batches = cutBatches({ metrics: points(2500) });
    expect(batches.map((batch) => batch.metrics.length)).toEqual([1000, 1000, 500]);
    expect(batches.flatMap((batch) => batch.metrics)).toEqual(points(2500));
  });

  it("cuts params and tags into calls of 100", () => {
    const batches = cutBatches({ params: pairs(150), tags: pairs(150) });
    expect(batches.every((batch) => batch.params.length <= 100 && batch.tags.length <= 100)).toBe(true);
    expect(batches.flatMap((batch) => batch.params)).toHaveLength(150);
    expect(batches.flatMap((batch) => batch.tags)).toHaveLength(150);
  });

  it("puts at most 1000 things together into a call", () => {
    const batches = cutBatches({ params: pairs(100), tags: pairs(100), metrics: points(1000) });
    expect(batches.map(batchSize)).toEqual([1000, 200]);
  });

  it("keeps every call under one megabyte, in bytes and not in characters", () => {
    const batches = cutBatches({ tags: pairs(100, "字".repeat(8000)) });
    const sizes = batches.map((batch) =>
      Buffer.byteLength(JSON.stringify(toWire({ runId: "r".repeat(32), ...batch }))),
    );
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    expect(batches.flatMap((batch) => batch.tags)).toHaveLength(100);
  });

  it("sends an equal param once and refuses a second value before the network does", () => {
    const twice = { key: "dim", value: "64" };
    expect(cutBatches({ params: [twice, twice] })[0]?.params).toEqual([twice]);
    expect(() => cutBatches({ params: [twice, { key: "dim", value: "128" }] })).toThrow(
      MlflowValidationError,
    );
  });

  it("keeps the last value of a tag", () => {
    const tags = [
      { key: "state", value: "a" },
      { key: "state", value: "b" },
    ];
    expect(cutBatches({ tags })[0]?.tags).toEqual([{ key: "state", value: "b" }]);
  });

  it("makes no call of nothing", () => {
    expect(cutBatches({})).toEqual([]);
  });

  it("refuses a bad key among good ones", () => {
    expect(() => cutBatches({ metrics: [...points(3), ...points(1, "R@1")] })).toThrow("metric 'R@1'");
  });
});
