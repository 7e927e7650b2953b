import { describe, expect, it } from "vitest";
import { gridSampler, randomSampler, uniform01 } from "./samplers.js";

const space = {
  rate: { logUniform: [1e-4, 1] as [number, number] },
  margin: { uniform: [0, 2] as [number, number] },
  depth: { int: [1, 4] as [number, number] },
  loss: ["hinge", "softmax"],
};

describe("the grid sampler", () => {
  it("gives every combination once, variants by name, repeated values removed", () => {
    const points = gridSampler({ recipe: { variants: { a: {}, b: {} } }, rate: [1, 2, 1] }).points(0);
    expect(points).toEqual([
      { recipe: "a", rate: 1 },
      { recipe: "a", rate: 2 },
      { recipe: "b", rate: 1 },
      { recipe: "b", rate: 2 },
    ]);
  });

  it("gives the one empty point for an empty space", () => {
    expect(gridSampler({}).points(3)).toEqual([{}]);
  });
});

describe("the random sampler", () => {
  it("gives the same points for the same seed, and others for another", () => {
    const sampler = randomSampler(space, 20);
    expect(sampler.points(7)).toEqual(sampler.points(7));
    expect(sampler.points(7)).not.toEqual(sampler.points(8));
  });

  it("keeps its first points when more are asked for", () => {
    expect(randomSampler(space, 30).points(1).slice(0, 10)).toEqual(randomSampler(space, 10).points(1));
  });

  it("draws a coordinate independently of the others in the space", () => {
    const alone = randomSampler({ margin: space.margin }, 10).points(4);
    const among = randomSampler(space, 10).points(4);
    expect(among.map(({ margin }) => margin)).toEqual(alone.map(({ margin }) => margin));
  });

  it("stays inside its ranges and reaches all of them", () => {
    const points = randomSampler(space, 400).points(0);
    const values = (key: string) => points.map((point) => Number(point[key]));
    expect(Math.min(...values("rate"))).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...values("rate"))).toBeLessThanOrEqual(1);
    const belowMiddle = values("rate").filter((rate) => rate < 1e-2).length;
    expect(belowMiddle).toBeGreaterThan(150);
    expect(belowMiddle).toBeLessThan(250);
    expect(new Set(values("depth"))).toEqual(new Set([1, 2, 3, 4]));
    expect(new Set(points.map(({ loss }) => loss))).toEqual(new Set(["hinge", "softmax"]));
  });

  it("stops at the size of a finite space instead of repeating points", () => {
    expect(randomSampler({ depth: { int: [1, 3] } }, 10).points(0)).toHaveLength(3);
  });

  it("draws numbers that are evenly spread", () => {
    const draws = Array.from({ length: 2000 }, (_, index) => uniform01(0, index, "x"));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
  });
});
