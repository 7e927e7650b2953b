import { describe, expect, it } from "vitest";
import { importance } from "./importance.js";

const grid = [0, 1, 2, 3].flatMap((rate) =>
  ["a", "b", "c"].flatMap((loss) => [1, 2].map((seed) => [rate, loss, seed] as const)),
);
const names = ["rate", "loss", "seed"];

describe("importance", () => {
  it("goes to the parameter that alone decides the outcome, a word or a number", () => {
    const byLoss = importance(
      names,
      grid,
      grid.map(([, loss]) => (loss === "b" ? 10 : 0)),
    );
    expect(byLoss[0]?.name).toBe("loss");
    expect(byLoss[0]?.share).toBeGreaterThan(0.95);
    const byRate = importance(
      names,
      grid,
      grid.map(([rate]) => rate ** 2),
    );
    expect(byRate[0]?.name).toBe("rate");
    expect(byRate[2]?.share).toBeLessThan(0.02);
  });

  it("is shared by parameters that add up, in proportion to their variances", () => {
    const [first, second] = importance(
      names,
      grid,
      grid.map(([rate, loss]) => 2 * rate + (loss === "c" ? 3 : 0)),
    );
    expect([first?.name, second?.name]).toEqual(["rate", "loss"]);
    // Variances 5 and 2; a forest of 32 bootstrap samples is off by a few hundredths.
    expect(first?.share).toBeGreaterThan(0.6);
    expect(first?.share).toBeLessThan(0.82);
  });

  it("goes to nobody where only the combination counts, or nothing at all", () => {
    const apart = importance(
      ["x", "y"],
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ].flatMap((row) => [row, row, row]),
      [1, 0, 0, 1].flatMap((value) => [value, value, value]),
    );
    for (const { share } of apart) expect(share).toBeLessThan(0.2);
    expect(
      importance(
        names,
        grid,
        grid.map(() => 7),
      ).map(({ share }) => share),
    ).toEqual([0, 0, 0]);
  });
});
