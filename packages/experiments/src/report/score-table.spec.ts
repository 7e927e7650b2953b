import { describe, expect, it } from "vitest";
import type { Scores } from "../trial/scores.js";
import { scoreColumns } from "./score-table.js";

const recalls = (r1: number) => ({ r1, r5: r1 + 1, r10: r1 + 2 });
const measured: Scores = {
  imageToText: recalls(10),
  textToImage: recalls(20),
  medianRanks: {
    imageToText: { medianRank: 4, medianRankStrict: 5 },
    textToImage: { medianRank: 6, medianRankStrict: 6.4 },
  },
};
const precision = { meanAveragePrecision: 30.04, trapezoidalPrecision: 29.06, inverseNegativePenalty: 12 };
const published = { imageToText: null, textToImage: recalls(44.4) };

describe("the columns of scores", () => {
  it("hold recalls and both median ranks of both directions", () => {
    const { header, cells } = scoreColumns([measured]);
    const direction = ["R@5", "R@10", "median", "strict"];
    expect(header).toEqual(["i2t R@1", ...direction, "t2i R@1", ...direction]);
    expect(cells(measured)).toEqual(
      ["10.0", "11.0", "12.0", "4.0", "5.0"].concat("20.0", "21.0", "22.0", "6.0", "6.4"),
    );
  });

  it("end with mAP, its trapezoidal form and mINP where a row has them", () => {
    const { header, cells } = scoreColumns([measured, { ...measured, precision }]);
    expect(header.slice(-3)).toEqual(["mAP", "trapezoid", "mINP"]);
    expect(cells({ ...measured, precision }).slice(-3)).toEqual(["30.0", "29.1", "12.0"]);
    expect(cells(measured).slice(-3)).toEqual(["-", "-", "-"]);
  });

  it("have dashes for what a paper does not report", () => {
    const { header, cells } = scoreColumns([published, { ...measured, precision }]);
    const none = (count: number): string[] => Array<string>(count).fill("-");
    expect(cells(published)).toEqual([...none(5), "44.4", "45.4", "46.4", ...none(5)]);
    expect(cells(published)).toHaveLength(header.length);
  });
});
