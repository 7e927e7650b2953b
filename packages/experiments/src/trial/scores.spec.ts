import type { RetrievalResult } from "@dualpath/core";
import { describe, expect, it } from "vitest";
import { meanScores, scoresOf, scoresSchema } from "./scores.js";

const summary = (r1: number) => ({
  ...{ r1, r5: r1 + 1, r10: r1 + 2, meanRank: 9 },
  ...{ medianRank: 3, medianRankStrict: 4, queries: 10, unmatched: 0 },
});
const result: RetrievalResult = { imageToText: summary(1), textToImage: summary(5), rsum: 24 };
const precision = {
  ...{ meanAveragePrecision: 30, trapezoidalPrecision: 29, inverseNegativePenalty: 12 },
  queries: 10,
};

describe("the scores of an evaluation", () => {
  it("keep recalls, both median ranks and the precision, in the form that result files have", () => {
    const scores = scoresOf(result, precision);
    expect(scoresSchema.parse(scores)).toEqual({
      imageToText: { r1: 1, r5: 2, r10: 3 },
      textToImage: { r1: 5, r5: 6, r10: 7 },
      medianRanks: {
        imageToText: { medianRank: 3, medianRankStrict: 4 },
        textToImage: { medianRank: 3, medianRankStrict: 4 },
      },
      precision: { meanAveragePrecision: 30, trapezoidalPrecision: 29, inverseNegativePenalty: 12 },
    });
    expect(scoresOf(result)).not.toHaveProperty("precision");
  });

  it("are averaged number by number, the precision where every row has it", () => {
    const other = { ...result, textToImage: { ...summary(7), medianRankStrict: 8 } };
    const rows = [scoresOf(result, precision), scoresOf(other, { ...precision, inverseNegativePenalty: 14 })];
    const mean = meanScores(rows);
    expect(mean.textToImage).toEqual({ r1: 6, r5: 7, r10: 8 });
    expect(mean.medianRanks?.textToImage).toEqual({ medianRank: 3, medianRankStrict: 6 });
    expect(mean.precision?.inverseNegativePenalty).toBe(13);
    expect(meanScores([...rows, scoresOf(result)])).not.toHaveProperty("precision");
    expect(() => meanScores([])).toThrow(RangeError);
  });
});
