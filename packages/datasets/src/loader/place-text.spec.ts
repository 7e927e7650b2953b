import { expect, it } from "vitest";
import { placeText } from "./place-text.js";
import { packTexts, vectorTexts, wordTexts } from "./text-rows.js";

const texts = wordTexts(packTexts([[1, 2, 3], [4, 5, 6, 7, 8, 9], []]), 5);
const keepAll = { shift: true, wordDropout: 0 };

function placed(
  row: number,
  options: { shift: boolean; wordDropout: number },
  start = 0,
  dropped: number[] = [],
) {
  const target = texts.allocate(1);
  const word = (place: number) => (dropped.includes(place) ? 0 : 0.99);
  let bound = 0;
  placeText(texts, target, 0, row, options, { start: (count) => ((bound = count), start), word });
  return { words: [...target], bound };
}

it("places a text at any start that leaves it whole, zeros elsewhere", () => {
  expect(placed(0, keepAll, 0)).toEqual({ words: [1, 2, 3, 0, 0], bound: 3 });
  expect(placed(0, keepAll, 1).words).toEqual([0, 1, 2, 3, 0]);
  expect(placed(0, keepAll, 2).words).toEqual([0, 0, 1, 2, 3]);
});

it("cuts a text that is too long and then has one place for it", () => {
  expect(placed(1, keepAll)).toEqual({ words: [4, 5, 6, 7, 8], bound: 1 });
});

it("left-aligns without shift, and leaves a text without known words empty", () => {
  expect(placed(0, { shift: false, wordDropout: 0 }, 2).words).toEqual([1, 2, 3, 0, 0]);
  expect(placed(2, { shift: false, wordDropout: 0 }).words).toEqual([0, 0, 0, 0, 0]);
});

it("closes the gaps of dropped words before it shifts", () => {
  expect(placed(0, { shift: true, wordDropout: 0.5 }, 3, [1])).toEqual({ words: [0, 0, 0, 1, 3], bound: 4 });
});

it("never drops the last word that is left", () => {
  expect(placed(0, { shift: false, wordDropout: 0.5 }, 0, [0, 1, 2]).words).toEqual([3, 0, 0, 0, 0]);
});

it("writes vectors unchanged", () => {
  const vectors = vectorTexts(Float32Array.of(1, 2, 3, 4), 2);
  const target = vectors.allocate(2);
  placeText(vectors, target, 1, 0, keepAll, { start: () => 1, word: () => 0 });
  expect([...target]).toEqual([0, 0, 1, 2]);
});
