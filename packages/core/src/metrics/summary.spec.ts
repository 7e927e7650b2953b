import { describe, expect, it } from "vitest";
import { averageRetrieval, consecutiveFolds, retrievalResult, summarizeRanks } from "./summary.js";

const summary = (...ranks: number[]) => summarizeRanks(Int32Array.from(ranks));

describe("summary of ranks", () => {
  it("counts recalls in percent of the queries with a match", () => {
    const result = summary(1, 3, 5, 6, 11, 0);
    expect([result.r1, result.r5, result.r10]).toEqual([20, 60, 80]);
    expect([result.queries, result.unmatched]).toEqual([5, 1]);
    expect(result.meanRank).toBeCloseTo(26 / 5, 12);
  });

  it("both medians agree on an odd count", () => {
    const result = summary(9, 2, 4);
    expect([result.medianRank, result.medianRankStrict]).toEqual([4, 4]);
  });

  it("the medians differ when exactly half of the queries hit by a rank", () => {
    const result = summary(1, 2, 5, 8);
    // VSE++: floor((1 + 4) / 2) + 1; paper A: rank 2 covers exactly half, which is not more than half.
    expect(result.medianRank).toBe(3);
    expect(result.medianRankStrict).toBe(5);
  });

  it("a large rank is sorted as a number and not as text", () => {
    expect(summary(100, 20, 3).medianRank).toBe(20);
  });

  it("nothing matched gives NaN and not zero", () => {
    expect(summary(0, 0).r1).toBeNaN();
    expect(summary(0, 0).medianRankStrict).toBeNaN();
  });

  it("rsum adds the six recalls", () => {
    expect(retrievalResult(summary(1), summary(2)).rsum).toBe(500);
  });

  it("an average weighs folds equally and adds their query counts", () => {
    const first = retrievalResult(summary(1, 1), summary(1));
    const second = retrievalResult(summary(20), summary(20, 20));
    const mean = averageRetrieval([first, second]);
    expect([mean.imageToText.r1, mean.textToImage.r10, mean.rsum]).toEqual([50, 50, 300]);
    expect(mean.textToImage.queries).toBe(3);
    expect(() => averageRetrieval([])).toThrow(RangeError);
  });

  it("folds take consecutive images with all of their captions and drop the tail", () => {
    const folds = consecutiveFolds(Int32Array.of(7, 8, 9, 5, 6), Int32Array.of(9, 8, 7, 7, 5), 2);
    expect(folds.map(({ images, texts }) => [[...images], [...texts]])).toEqual([
      [
        [0, 1],
        [1, 2, 3],
      ],
      [
        [2, 3],
        [0, 4],
      ],
    ]);
  });
});
