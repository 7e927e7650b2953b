import { describe, expect, it } from "vitest";
import { initialValue, weightInitializer } from "./initializers.js";

const variance = (values: Float32Array): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

const shape = [64, 32, 3, 3];
const fanIn = 32 * 9;
const fanOut = 64 * 9;

describe("initial values", () => {
  it("paper A's rule is uniform within sqrt(3 / fanIn), variance 1 / fanIn", () => {
    const values = initialValue(weightInitializer("fan-in-uniform"), shape, 1, "w");
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(3 / fanIn));
    expect(variance(values) * fanIn).toBeCloseTo(1, 1);
  });

  it("the gain scales them", () => {
    const plain = initialValue(weightInitializer("fan-in-uniform"), shape, 1, "w");
    const scaled = initialValue(weightInitializer("fan-in-uniform", 0.1), shape, 1, "w");
    expect(scaled[7]! / plain[7]!).toBeCloseTo(0.1, 5);
  });

  it("He's rule has variance 2 / fanOut and Xavier's 2 / (fanIn + fanOut)", () => {
    expect(variance(initialValue(weightInitializer("he"), shape, 1, "w")) * fanOut).toBeCloseTo(2, 1);
    const xavier = variance(initialValue(weightInitializer("xavier"), shape, 1, "w"));
    expect(xavier * (fanIn + fanOut)).toBeCloseTo(2, 1);
  });

  it("depend on seed and name and on nothing else", () => {
    const values = (seed: number, name: string) => initialValue(weightInitializer("he"), [3, 5], seed, name);
    expect(values(1, "a")).toEqual(values(1, "a"));
    expect(values(1, "a")).not.toEqual(values(2, "a"));
    expect(values(1, "a")).not.toEqual(values(1, "b"));
  });

  it("an odd count of normal numbers and a constant fill their shapes", () => {
    expect(initialValue({ kind: "normal", deviation: 0.1 }, [7], 1, "w")).toHaveLength(7);
    expect(initialValue({ kind: "constant", value: 2 }, [2, 1], 1, "w")).toEqual(Float32Array.of(2, 2));
  });
});
