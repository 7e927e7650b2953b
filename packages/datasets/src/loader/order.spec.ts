import { expect, it } from "vitest";
import { expectError } from "../testing/fixtures.js";
import { drawPair, epochOrder, indexPairs } from "./order.js";
import type { Split } from "./split.js";

/** 4 classes with 6, 3, 2 and 1 images; 2 texts a class. */
const labels = Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3);
const textLabels = Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3);
const rows = (count: number) => Int32Array.from({ length: count }, (_, index) => index);
const split: Split = {
  name: "corpus/train",
  images: { rows: rows(12), labels },
  texts: { rows: rows(8), labels: textLabels },
};
const options = { seed: 5, epoch: 0, batchSize: 3, distinctClasses: false };

it("passes over every image once", () => {
  const order = epochOrder(indexPairs(split, "image"), options);
  expect([...order].sort((a, b) => a - b)).toEqual([...rows(12)]);
});

it("is a function of seed and epoch", () => {
  const index = indexPairs(split, "image");
  expect(epochOrder(index, options)).toEqual(epochOrder(index, options));
  expect(epochOrder(index, { ...options, epoch: 1 })).not.toEqual(epochOrder(index, options));
  expect(epochOrder(index, { ...options, seed: 6 })).not.toEqual(epochOrder(index, options));
});

it("drops the anchors that fill no batch", () => {
  expect(epochOrder(indexPairs(split, "image"), { ...options, batchSize: 5 })).toHaveLength(10);
});

it("puts no class into a batch twice and loses no anchor that fits", () => {
  const index = indexPairs(split, "image");
  for (let epoch = 0; epoch < 50; epoch++) {
    const order = epochOrder(index, { ...options, epoch, batchSize: 4, distinctClasses: true });
    expect(order).toHaveLength(12);
    for (let first = 0; first < 12; first += 4)
      expect(new Set([...order.subarray(first, first + 4)].map((image) => labels[image])).size).toBe(4);
  }
});

it("takes each class once a pass when classes are the anchor, with any of its images", () => {
  const index = indexPairs(split, "class");
  expect([...epochOrder(index, { ...options, batchSize: 2 })].sort()).toEqual([0, 1, 2, 3]);
  const images = rows(6).map(
    (draw) => drawPair(index, 0, (which, bound) => (which === 0 ? draw % bound : 0)).image,
  );
  expect([...images]).toEqual([0, 1, 2, 3, 4, 5]);
});

it("pairs an image with texts of its group, not of its whole class", () => {
  const groups = { images: Int32Array.of(0, 1), texts: Int32Array.of(0, 1, 1) };
  const identity: Split = {
    name: "people/train",
    images: { rows: rows(2), labels: Int32Array.of(0, 0), groups: groups.images },
    texts: { rows: rows(3), labels: Int32Array.of(0, 0, 0), groups: groups.texts },
  };
  const byImage = indexPairs(identity, "image");
  const texts = [0, 1].map((draw) => drawPair(byImage, 1, (_, bound) => draw % bound).text);
  expect(texts).toEqual([1, 2]);
  expect(drawPair(indexPairs(identity, "caption"), 2, () => 0)).toEqual({ image: 1, text: 2 });
});

it("refuses an image without text and a text without image", async () => {
  const noText = { ...split, texts: { rows: rows(2), labels: Int32Array.of(0, 1) } };
  await expectError(() => indexPairs(noText, "image"), "OPTION", "corpus/train", "image 9 has no text");
  const noImage = { ...split, texts: { rows: rows(9), labels: Int32Array.of(...textLabels, 4) } };
  await expectError(() => indexPairs(noImage, "image"), "OPTION", "text 8 has no image");
});
