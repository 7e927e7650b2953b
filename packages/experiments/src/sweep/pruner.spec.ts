import { describe, expect, it } from "vitest";
import { median, medianPruner, prunerOf } from "./pruner.js";

const pruner = medianPruner({
  kind: "median",
  metric: "val/rsum",
  direction: "maximize",
  warmup: 1,
  minimumTrials: 2,
});

describe("the median pruner", () => {
  it("stops a trial that is worse than the median of the others at the same evaluation", () => {
    expect(
      pruner.shouldStop(
        [1, 2],
        [
          [5, 6],
          [7, 8, 9],
        ],
      ),
    ).toBe(true);
    expect(
      pruner.shouldStop(
        [1, 7.5],
        [
          [5, 6],
          [7, 8, 9],
        ],
      ),
    ).toBe(false);
  });

  it("compares best values, so that one bad evaluation stops nothing", () => {
    expect(
      pruner.shouldStop(
        [9, 1],
        [
          [5, 6],
          [7, 8],
        ],
      ),
    ).toBe(false);
  });

  it("waits for the warm-up and for enough others that have come as far", () => {
    expect(pruner.shouldStop([1], [[5], [7]])).toBe(false);
    expect(pruner.shouldStop([1, 2], [[5, 6], [7]])).toBe(false);
  });

  it("turns round where less is better", () => {
    const less = medianPruner({
      kind: "median",
      metric: "loss",
      direction: "minimize",
      warmup: 0,
      minimumTrials: 1,
    });
    expect(less.shouldStop([3], [[2]])).toBe(true);
    expect(less.shouldStop([1], [[2]])).toBe(false);
  });

  it("stops nothing when there is none", () => {
    expect(prunerOf({ kind: "none" }).shouldStop([0, 0, 0], [[9, 9, 9]])).toBe(false);
  });
});

describe("the median", () => {
  it("is the middle value, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
