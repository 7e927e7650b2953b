import { expect, it } from "vitest";
import { randomStream, streams } from "../loader/random.js";
import { centreBoxes, paperCrop, randomBox } from "./boxes.js";

function boxes(size: readonly [number, number], count: number, crop = paperCrop): number[][] {
  const random = randomStream(1, streams.row, 0);
  return Array.from({ length: count }, (_, index) => {
    const target = new Float32Array(5);
    randomBox(target, 0, size, crop, (which) => random.uniform(index * 5 + which));
    return [...target];
  });
}

it.each([[64, 64] as const, [48, 96] as const])("crops within an image of %i x %i", (height, width) => {
  for (const [top = 0, left = 0, boxHeight = 0, boxWidth = 0] of boxes([height, width], 500)) {
    expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
    expect(top + boxHeight).toBeLessThanOrEqual(height * 1.0001);
    expect(left + boxWidth).toBeLessThanOrEqual(width * 1.0001);
  }
});

it("draws the area share and the aspect from their ranges, all over them", () => {
  const drawn = boxes([100, 100], 2000, { area: [0.4, 0.6], aspect: [0.8, 1.25], flip: 0.5 });
  const areas = drawn.map(([, , height = 0, width = 0]) => (height * width) / 10_000);
  const aspects = drawn.map(([, , height = 1, width = 0]) => width / height);
  expect(Math.min(...areas)).toBeCloseTo(0.4, 2);
  expect(Math.max(...areas)).toBeCloseTo(0.6, 2);
  expect(Math.min(...aspects)).toBeCloseTo(0.8, 2);
  expect(Math.max(...aspects)).toBeCloseTo(1.25, 2);
});

it("mirrors with the given probability", () => {
  const flipped = boxes([8, 8], 2000, { ...paperCrop, flip: 0.25 }).filter(
    ([, , , , flip]) => flip === 1,
  ).length;
  expect(flipped / 2000).toBeCloseTo(0.25, 1);
  expect(boxes([8, 8], 50, { ...paperCrop, flip: 0 }).every(([, , , , flip]) => flip === 0)).toBe(true);
});

it("centres evaluation boxes", () => {
  expect([...centreBoxes(2, [8, 16])]).toEqual([0, 0, 8, 16, 0, 0, 0, 8, 16, 0]);
  expect([...centreBoxes(1, [8, 16], 0.25, true)]).toEqual([2, 4, 4, 8, 1]);
});
