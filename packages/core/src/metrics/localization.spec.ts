import { describe, expect, it } from "vitest";
import { localization, rankOfRight, type LocalizationQuery } from "./localization.js";

/** Twelve candidates with falling scores, the one at `place` (from 1) right. */
const rightAt = (place: number, ...types: string[]): LocalizationQuery => ({
  scores: Array.from({ length: 12 }, (_, box) => -box),
  overlaps: Array.from({ length: 12 }, (_, box) => (box === place - 1 ? 0.5 : 0.49)),
  types,
});

describe("phrase localization", () => {
  it("counts mentions whose first, first five and first ten candidates hold a right one", () => {
    const result = localization([rightAt(1), rightAt(5), rightAt(6), rightAt(10), rightAt(11), rightAt(99)]);
    expect(result.all).toEqual({
      count: 6,
      r1: expect.closeTo(100 / 6, 10) as number,
      r5: expect.closeTo(200 / 6, 10) as number,
      r10: expect.closeTo(400 / 6, 10) as number,
      oracle: expect.closeTo(500 / 6, 10) as number,
    });
  });

  it("has a row for each type, in which a phrase of two types counts twice", () => {
    const { types, all } = localization([
      rightAt(1, "people"),
      rightAt(2, "vehicles", "scene"),
      rightAt(99, "people"),
    ]);
    expect(all.count).toBe(3);
    expect(Object.keys(types)).toEqual(["people", "scene", "vehicles"]);
    expect(types["people"]).toEqual({ count: 2, r1: 50, r5: 50, r10: 50, oracle: 50 });
    expect(types["scene"]).toEqual({ count: 1, r1: 0, r5: 100, r10: 100, oracle: 100 });
  });

  it("takes the best of several right candidates, and counts ties with wrong ones against it", () => {
    const overlaps = [0.1, 0.7, 0.9, 0.2];
    expect(rankOfRight({ scores: [5, 1, 4, 3], overlaps }, 0.5)).toBe(2);
    expect(rankOfRight({ scores: [4, 4, 4, 4], overlaps }, 0.5)).toBe(3);
    expect(rankOfRight({ scores: [5, 1, 4, 3], overlaps }, 0.95)).toBe(0);
  });

  it("is zero without mentions, and misses mentions without candidates", () => {
    const none = { r1: 0, r5: 0, r10: 0, oracle: 0 };
    expect(localization([]).all).toEqual({ count: 0, ...none });
    expect(localization([{ scores: [], overlaps: [], types: [] }]).all).toEqual({ count: 1, ...none });
  });

  it("refuses scores that are no numbers or do not fit the boxes", () => {
    expect(() => localization([{ scores: [1], overlaps: [1, 1], types: [] }])).toThrow(
      /mention 0: .* got 1 and 2/,
    );
    expect(() => localization([{ scores: [NaN], overlaps: [1], types: [] }])).toThrow(
      /candidate 0 scores NaN/,
    );
  });
});
