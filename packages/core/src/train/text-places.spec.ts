import { describe, expect, it } from "vitest";
import { placedTexts, wholeTexts } from "./text-places.js";

describe("places of a text's words", () => {
  it("are all that fit: length + 1 - words of them", () => {
    const left = Int32Array.of(5, 6, 0, 0, /**/ 1, 2, 3, 4, /**/ 9, 9, 9, 9);
    const views = [...placedTexts(left, 4, 2)];
    expect(views.map(({ rows }) => rows)).toEqual([[0, 1], [0], [0]]);
    expect(views.map(({ text }) => [...text.subarray(0, 4)])).toEqual([
      [5, 6, 0, 0],
      [0, 5, 6, 0],
      [0, 0, 5, 6],
    ]);
    expect([...views[0]!.text.subarray(4, 8)]).toEqual([1, 2, 3, 4]);
  });

  it("of an empty text are one more than its length, all alike", () => {
    const views = [...placedTexts(new Int32Array(3), 3, 1)];
    expect(views).toHaveLength(4);
    expect(views.every(({ text, rows }) => text.every((id) => id === 0) && rows[0] === 0)).toBe(true);
  });

  it("of a vector are one", () => {
    expect([...wholeTexts(Float32Array.of(1, 2, 3, 4), 2)]).toEqual([
      { text: Float32Array.of(1, 2, 3, 4), rows: [0, 1] },
    ]);
  });
});
