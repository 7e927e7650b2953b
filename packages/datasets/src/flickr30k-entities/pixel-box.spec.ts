import { expect, it } from "vitest";
import { bestOverlap, boxAt, boxArea, intersectionOverUnion, unionBox, type PixelBox } from "./pixel-box.js";

const box = (left: number, top: number, right: number, bottom: number): PixelBox => ({
  left,
  top,
  right,
  bottom,
});

it("counts pixels inclusively", () => {
  expect(boxArea(box(1, 1, 1, 1))).toBe(1);
  expect(boxArea(box(11, 21, 20, 40))).toBe(200);
  expect(intersectionOverUnion(box(1, 1, 10, 10), box(1, 1, 10, 10))).toBe(1);
  expect(intersectionOverUnion(box(1, 1, 10, 10), box(10, 1, 19, 10))).toBeCloseTo(10 / 190, 12);
  expect(intersectionOverUnion(box(1, 1, 10, 10), box(11, 1, 20, 10))).toBe(0);
  expect(intersectionOverUnion(box(1, 1, 10, 10), box(1, 1, 10, 5))).toBe(0.5);
});

it("encloses all boxes of a phrase", () => {
  expect(unionBox([box(5, 6, 7, 8), box(1, 7, 6, 20)])).toEqual(box(1, 6, 7, 20));
  expect(unionBox([])).toBeUndefined();
});

it("finds the best of the proposals, which is what the oracle sees", () => {
  const proposals = Float32Array.of(1, 1, 10, 10, 1, 1, 10, 5);
  expect(boxAt(proposals, 1)).toEqual(box(1, 1, 10, 5));
  expect(bestOverlap(proposals, box(1, 1, 10, 5))).toBe(1);
  expect(bestOverlap(new Float32Array(0), box(1, 1, 10, 5))).toBe(0);
});
