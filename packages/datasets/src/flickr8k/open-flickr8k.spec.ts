import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { flickr8kSchema, type Flickr8kConfig } from "../config.js";
import type { Problem } from "../captions/problems.js";
import { collect, expectError, temporaryFolder, writeFiles, writePictures } from "../testing/fixtures.js";
import { openFlickr8k, readFlickr8k } from "./open-flickr8k.js";

const root = await temporaryFolder();
let folders = 0;

const captionsOf = (image: number) =>
  [0, 1, 2].map((number) => `A dog , number ${image} , says ${"abc"[number]}`);
const table = (count: number) =>
  [
    "image,caption",
    ...range(count).flatMap((image) => captionsOf(image).map((text) => `${image}.jpg,"${text}"`)),
  ].join("\n");
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const splitOf = (image: number) => (image < 4 ? "train" : image === 4 ? "val" : "test");

/** Six photos, three captions each, in both layouts: four train, one dev, one test. */
async function corpus(changes: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(root, String(folders++));
  await writePictures(join(folder, "Images"), 6);
  const images = range(6).map((image) => ({
    filename: `${image}.jpg`,
    split: splitOf(image),
    sentences: captionsOf(image).map((raw) => ({ raw })),
  }));
  await writeFiles(folder, {
    "captions.txt": table(6),
    "Flickr_8k.trainImages.txt": "0.jpg\n1.jpg\n2.jpg\n3.jpg\n",
    "Flickr_8k.devImages.txt": "4.jpg\n",
    "Flickr_8k.testImages.txt": "5.jpg\n",
    "dataset_flickr8k.json": JSON.stringify({ images, dataset: "flickr8k" }),
    ...changes,
  });
  return folder;
}

const config = (directory: string, changes: object = {}): Flickr8kConfig =>
  flickr8kSchema.parse({ kind: "flickr8k", directory, image: { size: 8 }, ...changes });

it("reads both layouts to the same images, captions and splits, under names that tell them apart", async () => {
  const directory = await corpus();
  const lists = await readFlickr8k(config(directory));
  const karpathy = await readFlickr8k(config(directory, { layout: "karpathy" }));
  expect(karpathy.images).toEqual(lists.images);
  expect(lists.report).toMatchObject({
    name: "flickr8k-lists",
    images: 6,
    captions: 18,
    splits: {
      train: { images: 4, captions: 12 },
      validation: { images: 1, captions: 3 },
      test: { images: 1, captions: 3 },
    },
    warnings: [],
  });
  expect(karpathy.report.name).toBe("flickr8k-karpathy");
});

it("takes the Karpathy layout where it is the only one, and the archive's own names", async () => {
  const directory = await corpus();
  await rm(join(directory, "captions.txt"));
  expect((await readFlickr8k(config(directory))).report.name).toBe("flickr8k-karpathy");
  const tokens = range(6).flatMap((image) =>
    captionsOf(image).map((text, number) => `${image}.jpg#${number}\t${text}`),
  );
  await writeFile(join(directory, "Flickr8k.token.txt"), tokens.join("\n"));
  expect((await readFlickr8k(config(directory))).report).toMatchObject({
    name: "flickr8k-lists",
    captions: 18,
  });
});

it("goes without the split that is not there", async () => {
  const directory = await corpus();
  await rm(join(directory, "Flickr_8k.testImages.txt"));
  const { report } = await readFlickr8k(config(directory));
  expect(Object.keys(report.splits)).toEqual(["train", "validation"]);
  expect(report.warnings).toEqual(["1 captioned images are in no split"]);
});

it("lists everything that is wrong in one error", async () => {
  const directory = await corpus({
    "captions.txt": `${table(6)}\n0.jpg,\nno comma`,
    "Flickr_8k.devImages.txt": "4.jpg\n0.jpg\n99.jpg\n",
  });
  await rm(join(directory, "Images", "2.jpg"));
  const parts = ["5 problems", "line 20: 0.jpg: the caption is empty", "line 21", "99.jpg has no caption"];
  const error = await expectError(
    () => readFlickr8k(config(directory)),
    "CORPUS_INVALID",
    ...parts,
    "0.jpg is in split train too",
    join(directory, "Images", "2.jpg"),
    "problems: skip",
  );
  expect((error.details.problems as Problem[]).map(({ code }) => code).sort()).toEqual([
    "CAPTION_EMPTY",
    "CAPTION_FORMAT",
    "CORPUS_INVALID",
    "CORPUS_INVALID",
    "IMAGE_MISSING",
  ]);
});

it("trains on the rest with problems: skip, and reports what was left out", async () => {
  const directory = await corpus({ "captions.txt": `${table(6)}\n0.jpg,\n` });
  await rm(join(directory, "Images", "2.jpg"));
  const { report } = await readFlickr8k(config(directory, { problems: "skip" }));
  expect(report.splits.train).toEqual({ images: 3, captions: 9 });
  expect(report.skipped.map(({ code }) => code)).toEqual(["CAPTION_EMPTY", "IMAGE_MISSING"]);
});

it("keeps the code of a single kind of problem", async () => {
  const empty = await corpus({ "captions.txt": `${table(6)}\n1.jpg," "\n` });
  await expectError(() => readFlickr8k(config(empty)), "CAPTION_EMPTY", "captions.txt", "line 20");
  const missing = await corpus();
  await rm(join(missing, "Images", "3.jpg"));
  await expectError(
    () => readFlickr8k(config(missing)),
    "IMAGE_MISSING",
    join(missing, "Images", "3.jpg"),
    "restore",
  );
});

it("warns of images without captions and of repeated captions", async () => {
  const directory = await corpus({ "captions.txt": `${table(6)}\n0.jpg,"${captionsOf(0)[0]}"\n` });
  await writeFiles(join(directory, "Images"), { "extra.jpg": "" });
  const { report } = await readFlickr8k(config(directory));
  expect(report.warnings).toEqual([
    "1 images have no caption: extra.jpg",
    "1 captions repeat another one of their image",
  ]);
});

it("says what it looked for when files are missing", async () => {
  await expectError(
    () => readFlickr8k(config(join(root, "nowhere"))),
    "FILE_MISSING",
    "nowhere",
    "Flicker8k_Dataset",
  );
  const directory = await corpus();
  await rm(join(directory, "Flickr_8k.trainImages.txt"));
  await expectError(() => readFlickr8k(config(directory)), "FILE_MISSING", "Flickr_8k.trainImages.txt");
});

it("gives batches of decoded photos with the word ids of their captions", async () => {
  const directory = await corpus();
  const opened = await openFlickr8k(config(directory), { cacheDirectory: join(root, "cache") });
  const data = await opened.trainingData();
  expect(data).toMatchObject({ classes: 4, imageShape: [8, 8, 3], length: 32, textKind: "words" });
  expect(data.vocabularySize).toBe(opened.vocabulary.size);
  const batches = await collect(data.batches({ epoch: 0, batchSize: 2, seed: 1 }));
  expect(batches).toHaveLength(2);
  for (const { image, text, imageLabel } of batches) {
    const known = opened.vocabulary.idOf(String(imageLabel[0]));
    expect(text.subarray(0, 32)).toContain(known);
    expect(Math.abs((image[2] as number) - 37 * (imageLabel[0] as number))).toBeLessThan(24);
  }
  const test = data.evaluation("test");
  expect([test.name, test.images.count, test.texts.count]).toEqual(["flickr8k-lists/test", 1, 3]);
  expect([test.images.nameOf(0), test.texts.captionOf(2)]).toEqual(["5.jpg", captionsOf(5)[2]]);
  await opened.close();
});

it("names the undecodable photo before training starts", async () => {
  const directory = await corpus({ "Images/1.jpg": "no picture" });
  const opened = await openFlickr8k(config(directory), { cacheDirectory: join(root, "cache") });
  await expectError(() => opened.trainingData(), "IMAGE_UNDECODABLE", join(directory, "Images", "1.jpg"));
});
