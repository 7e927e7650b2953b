import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EntitiesImage, PixelBox } from "@dualpath/datasets";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { proposalsSchema } from "./config.js";
import { proposalSource, proposedRegions } from "./proposals.js";

const image: EntitiesImage = {
  id: "7",
  split: "test",
  width: 500,
  height: 333,
  sentences: [],
  phrases: [],
};
const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const boxesOf = async (config: object): Promise<readonly PixelBox[]> =>
  (await proposalSource(proposalsSchema.parse(config), temporaryDirectory()))(image);

/** Boxes of a width and height, within a pixel of rounding. */
const sized = (boxes: readonly PixelBox[], width: number, height: number): readonly PixelBox[] =>
  boxes.filter(
    ({ left, right, top, bottom }) =>
      Math.abs(right - left + 1 - width) <= 1 && Math.abs(bottom - top + 1 - height) <= 1,
  );

describe("a grid's boxes", () => {
  it("are all taken unless the config says otherwise, the small ones down to the bottom of the image", async () => {
    const boxes = await boxesOf({ kind: "grid" });
    expect(boxes).toHaveLength(299);
    const small = sized(boxes, 125, 83);
    expect(small).toHaveLength(56);
    expect(Math.max(...small.map(({ bottom }) => bottom))).toBe(333);
  });

  it("are thinned evenly, so that every size still covers the image", async () => {
    const boxes = await boxesOf({ kind: "grid", most: 200 });
    expect(boxes).toHaveLength(200);
    expect(new Set(boxes.map(({ left, top, right, bottom }) => [left, top, right, bottom].join())).size).toBe(
      200,
    );
    for (const [width, height] of [
      [125, 83],
      [177, 59],
      [88, 118],
    ] as const) {
      const small = sized(boxes, width, height);
      expect(small.length).toBeGreaterThan(30);
      expect(Math.max(...small.map(({ bottom }) => bottom))).toBeGreaterThan(333 - height);
      expect(Math.max(...small.map(({ right }) => right))).toBeGreaterThan(500 - width);
    }
  });
});

describe("a program's boxes", () => {
  it("are the first ones, best first, and spread only where fewer are asked for in training", async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, "7.json"), JSON.stringify(ROWS.map((row) => [row, row, 20, 20])));
    const config = proposalsSchema.parse({ kind: "file", path: ".", most: 6 });
    const source = await proposalSource(config, folder);
    expect((await source(image)).map(({ left }) => left)).toEqual([1, 2, 3, 4, 5, 6]);
    const { regions, offsets } = await proposedRegions([image, image], source, 3);
    expect(regions.map(({ box }) => box.left)).toEqual([1, 3, 5, 1, 3, 5]);
    expect(offsets).toEqual([0, 3, 6]);
  });
});
