import { expect, it } from "vitest";
import { collect } from "../testing/fixtures.js";
import { newImages, newTexts } from "./new-data.js";

const words = { lowerCase: true, words: [] };

it("gives photos in batches of the configured centre, mirrored on request", async () => {
  const pixels = Uint8Array.from({ length: 3 * 24 }, (_, index) => Math.floor(index / 24));
  const images = newImages(pixels, { size: [2, 4], fit: "cover", area: 0.25 });
  const batches = await collect(images.batches(2, { flip: true }));
  expect(images.count).toBe(3);
  expect(batches.map(({ count }) => count)).toEqual([2, 1]);
  expect([...(batches[1]?.image ?? [])].slice(0, 24)).toEqual(Array.from({ length: 24 }, () => 2));
  expect([...(batches[0]?.box ?? [])].slice(0, 5)).toEqual([0.5, 1, 1, 2, 1]);
});

it.each([
  [0, [7, 8, 0, 0, 0, 0]],
  [0.5, [0, 0, 7, 8, 0, 0]],
])("places sentences where training did: position %d", async (position, expected) => {
  const texts = newTexts(
    [
      [7, 8],
      [1, 2, 3, 4, 5, 6, 7],
    ],
    { ...words, length: 6, position },
  );
  const [batch] = await collect(texts.batches(2));
  expect([...(batch?.text ?? [])]).toEqual([...expected, 1, 2, 3, 4, 5, 6]);
});

it("gives nothing of nothing", async () => {
  const images = newImages(new Uint8Array(0), { size: [2, 4], fit: "cover", area: 1 });
  expect(await collect(images.batches(2))).toEqual([]);
  expect(newTexts([], { ...words, length: 6, position: 0 }).count).toBe(0);
});
