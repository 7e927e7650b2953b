import { expect, it } from "vitest";
import { collect, expectError } from "../testing/fixtures.js";
import { memoryImages } from "./image-rows.js";
import { packTexts, wordTexts } from "./text-rows.js";
import { createTrainingData, type SamplingOptions } from "./training-data.js";

const members = (count: number) => {
  const rows = Int32Array.from({ length: count }, (_, index) => index);
  return { rows, labels: rows };
};

function dataWith(sampling: SamplingOptions, caption = (row: number) => `caption ${row}`) {
  const split = { name: "corpus/train", images: members(5), texts: members(5) };
  const test = { ...split, name: "corpus/test", galleries: [{ name: "one", images: Int32Array.of(0, 2) }] };
  return createTrainingData({
    images: memoryImages(
      Uint8Array.from({ length: 5 * 24 }, (_, index) => Math.floor(index / 24)),
      [2, 4, 3],
    ),
    texts: wordTexts(packTexts([[1], [2, 3], [4, 5, 6], [], [7]]), 4),
    classes: 5,
    vocabularySize: 7,
    imageName: (row) => `${row}.png`,
    caption,
    train: split,
    evaluation: { test },
    sampling,
    evaluationArea: 0.25,
  });
}

it("pads the last batch and tells how many rows are real", async () => {
  const { images, texts } = dataWith({}).evaluation("test");
  const imageBatches = await collect(images.batches(2));
  expect(imageBatches.map(({ count }) => count)).toEqual([2, 2, 1]);
  expect(imageBatches.map(({ image }) => image.length)).toEqual([48, 48, 48]);
  const textBatches = await collect(texts.batches(4));
  expect(textBatches.map(({ count }) => count)).toEqual([4, 1]);
  expect([...(textBatches[1]?.text ?? [])].filter((id) => id > 0)).toEqual([7]);
});

it("looks at the configured centre, mirrored on request", async () => {
  const { images } = dataWith({}).evaluation("test");
  const [plain] = await collect(images.batches(5));
  const [mirrored] = await collect(images.batches(5, { flip: true }));
  expect([...(plain?.box ?? [])].slice(0, 5)).toEqual([0.5, 1, 1, 2, 0]);
  expect([...(mirrored?.box ?? [])].slice(0, 5)).toEqual([0.5, 1, 1, 2, 1]);
});

it("centres texts where training shifts them, left-aligns where training does, and takes any position", async () => {
  const textOf = async (sampling: SamplingOptions, position?: number) => {
    const { texts } = dataWith(sampling).evaluation("test");
    const [batch] = await collect(texts.batches(5, position === undefined ? {} : { position }));
    return [...(batch?.text ?? [])].slice(4, 8);
  };
  expect(await textOf({ alignment: "random" })).toEqual([0, 2, 3, 0]);
  expect(await textOf({ alignment: "left" })).toEqual([2, 3, 0, 0]);
  expect(await textOf({}, 1)).toEqual([0, 0, 2, 3]);
});

it("tells names, captions and pixels for pictures of results", async () => {
  const { images, texts, galleries } = dataWith({}).evaluation("test");
  expect(images.nameOf(3)).toBe("3.png");
  expect(texts.captionOf(2)).toBe("caption 2");
  const picture = await images.pixelsOf?.(3);
  expect(picture).toMatchObject({ height: 2, width: 4 });
  expect(new Set(picture?.data)).toEqual(new Set([3]));
  expect(galleries?.[0]?.name).toBe("one");
});

it("has a fingerprint that follows its members", () => {
  const fingerprint = dataWith({}).evaluation("test").fingerprint;
  expect(dataWith({ alignment: "left" }).evaluation("test").fingerprint).toBe(fingerprint);
  expect(dataWith({}, (row) => `other ${row}`).evaluation("test").fingerprint).not.toBe(fingerprint);
});

it("names the splits there are when asked for another one", async () => {
  await expectError(
    () => dataWith({}).evaluation("validation"),
    "SPLIT_UNKNOWN",
    "'validation'",
    "there are: test",
  );
});
