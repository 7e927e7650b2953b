import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { flickr30kSchema } from "../config.js";
import { expectError, temporaryFolder, writeFiles, writePictures } from "../testing/fixtures.js";
import { openFlickr30k, readFlickr30k } from "./open-flickr30k.js";

const root = await temporaryFolder();
let folders = 0;
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const tokens = (count: number) =>
  range(count)
    .flatMap((image) => [0, 1].map((number) => `${image}.jpg#${number}\tDog ${image} , take ${number} .`))
    .join("\n");

async function corpus(changes: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(root, String(folders++));
  await writePictures(join(folder, "flickr30k-images"), 6);
  const images = range(5).map((image) => ({
    filename: `${image}.jpg`,
    imgid: image,
    split: image < 3 ? "train" : image === 3 ? "val" : "test",
    sentids: [2 * image],
    sentences: [{ tokens: ["dog"], raw: `Dog ${image}`, imgid: image, sentid: 2 * image }],
  }));
  await writeFiles(folder, {
    "results_20130124.token": tokens(6),
    "dataset_flickr30k.json": JSON.stringify({ images, dataset: "flickr30k" }),
    "train.txt": "0\n1\n2\n3\n",
    "val.txt": "4\n",
    "test.txt": "5\n",
    "Flickr_8k.devImages.txt": "1_693b08cb0e.jpg\n",
    "Flickr_8k.testImages.txt": "2_0a1b2c3d4e.jpg\n",
    ...changes,
  });
  return folder;
}

const config = (directory: string, changes: object = {}) =>
  flickr30kSchema.parse({ kind: "flickr30k", directory, image: { size: 8 }, ...changes });
const splitsOf = async (directory: string, changes: object) => {
  const { images, report } = await readFlickr30k(config(directory, changes));
  return [report.name, ...images.map(({ split = "none" }) => split[0])].join(" ");
};

it("splits by rule, and names the corpus after it", async () => {
  const directory = await corpus();
  expect(await splitsOf(directory, {})).toBe("flickr30k-karpathy t t t v t");
  expect(await splitsOf(directory, { split: "entities" })).toBe("flickr30k-entities t t t t v t");
  expect(await splitsOf(directory, { split: "flickr8k" })).toBe("flickr30k-flickr8k t v t t t t");
  const { report } = await readFlickr30k(config(directory, { split: "flickr8k" }));
  expect(report.splits).toMatchObject({
    train: { images: 4 },
    validation: { images: 1 },
    test: { images: 1 },
  });
});

it("takes lists of one's own in place of the usual ones", async () => {
  const directory = await corpus({ "lists/train.txt": "3.jpg\n4.jpg", "lists/test.txt": "0.jpg" });
  const lists = { train: "lists/train.txt", test: "lists/test.txt", validation: "val.txt" };
  await expectError(
    () => readFlickr30k(config(directory, { split: "two-branch", lists })),
    "CORPUS_INVALID",
    "4 is in split train",
  );
  await writeFiles(directory, { "val.txt": "5" });
  const { report } = await readFlickr30k(config(directory, { split: "two-branch", lists }));
  expect(report.splits).toMatchObject({
    train: { images: 2 },
    validation: { images: 1 },
    test: { images: 1 },
  });
  expect(report.warnings).toContain("2 captioned images are in no split");
});

it("has as many classes as its split has training images", async () => {
  const directory = await corpus();
  const context = { cacheDirectory: join(root, "cache") };
  const karpathy = await openFlickr30k(config(directory), context);
  const entities = await openFlickr30k(config(directory, { split: "entities" }), context);
  expect((await karpathy.trainingData()).classes).toBe(3);
  expect((await entities.trainingData()).classes).toBe(4);
  const [a, b] = await Promise.all([karpathy.trainingData(), entities.trainingData()]);
  expect(a.evaluation("test").name).toBe("flickr30k-karpathy/test");
  expect(a.evaluation("test").fingerprint).not.toBe(b.evaluation("test").fingerprint);
  await karpathy.close();
  await entities.close();
});

it("reads Kaggle's table, whose one line lacks a bar", async () => {
  const table = [
    "image_name| comment_number| comment",
    ...range(6).map((image) => `${image}.jpg| 0| Dog ${image} .`),
    "0.jpg| 4   A dog runs .",
  ];
  const directory = await corpus({ "results.csv": table.join("\n") });
  await rm(join(directory, "results_20130124.token"));
  const { images } = await readFlickr30k(config(directory, { split: "entities" }));
  expect(images[0]?.captions).toEqual(["Dog 0 .", "A dog runs ."]);
  await writeFiles(directory, { "results.csv": `${table.join("\n")}\nnonsense` });
  await expectError(
    () => readFlickr30k(config(directory, { split: "entities" })),
    "CAPTION_FORMAT",
    "line 9",
  );
});

it("lists everything that is wrong in one error", async () => {
  const directory = await corpus({
    "results_20130124.token": `${tokens(6)}\n../../etc/passwd#0\tA dog .\nno tab`,
    "test.txt": "5\n77\n",
  });
  await rm(join(directory, "flickr30k-images", "0.jpg"));
  await expectError(
    () => readFlickr30k(config(directory, { split: "entities" })),
    "CORPUS_INVALID",
    "4 problems",
    "line 13: the image path leaves the image folder",
    "line 14",
    "77 has no caption",
    join("flickr30k-images", "0.jpg"),
  );
  const { report } = await readFlickr30k(config(directory, { split: "entities", problems: "skip" }));
  expect(report.splits.train).toEqual({ images: 3, captions: 6 });
});

it("says what is missing and where it belongs", async () => {
  const directory = await corpus();
  await rm(join(directory, "val.txt"));
  const entities = () => readFlickr30k(config(directory, { split: "entities" }));
  await expectError(entities, "FILE_MISSING", "val.txt", "corpus.lists.validation");
  await expectError(
    () => readFlickr30k(config(join(root, "gone"))),
    "FILE_MISSING",
    "flickr30k-images",
    "unpack",
  );
});
