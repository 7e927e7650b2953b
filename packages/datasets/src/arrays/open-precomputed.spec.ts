import { join } from "node:path";
import { expect, it } from "vitest";
import { precomputedSchema } from "../config.js";
import { collect, expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { openPrecomputed } from "./open-precomputed.js";
import { floatNpy } from "./testing/array-files.js";

const root = await temporaryFolder();
const context = { cacheDirectory: join(root, "cache"), baseDirectory: root };
let folders = 0;

const captions = (count: number, word: string) =>
  Array.from({ length: count }, (_, index) => `A ${word} number ${index}\n`).join("");
const features = (images: number, first: number) =>
  floatNpy(
    [images, 2],
    Array.from({ length: images * 2 }, (_, index) => first + index),
  );

async function folder(changes: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const name = `f30k_precomp${folders++}`;
  await writeFiles(join(root, name), {
    "train_caps.txt": captions(15, "dog"),
    "train_ims.npy": features(3, 0),
    "dev_caps.txt": captions(10, "cat"),
    "dev_ims.npy": features(2, 100),
    "test_caps.txt": captions(5, "bird"),
    "test_ims.npy": features(1, 200),
    ...changes,
  });
  return name;
}

const open = async (directory: string, changes: object = {}) =>
  openPrecomputed(precomputedSchema.parse({ kind: "precomputed", directory, ...changes }), context);

it("pairs five consecutive captions with each row of features", async () => {
  const name = await folder();
  const corpus = await open(name);
  expect(corpus.report).toMatchObject({
    name,
    images: 6,
    captions: 30,
    splits: { train: { images: 3, captions: 15 }, validation: { images: 2 }, test: { images: 1 } },
  });
  const data = await corpus.trainingData();
  expect(data).toMatchObject({ classes: 3, imageShape: [2] });
  const validation = data.evaluation("validation");
  expect(validation.name).toBe(`${name}/validation`);
  expect([...validation.texts.labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  expect(validation.texts.captionOf(6)).toBe("A cat number 6");
  const [batch] = await collect(validation.images.batches(2));
  expect([...(batch?.image ?? [])]).toEqual([100, 101, 102, 103]);
  await corpus.close();
});

it("recognises features that repeat their image for each caption", async () => {
  const repeated = floatNpy(
    [15, 2],
    Array.from({ length: 30 }, (_, index) => Math.floor(index / 10)),
  );
  const corpus = await open(
    await folder({
      "train_ims.npy": repeated,
      "train_ids.txt": "31\n31\n31\n31\n31\n32\n32\n32\n32\n32\n33\n33\n33\n33\n33\n",
    }),
  );
  expect(corpus.report.splits.train).toEqual({ images: 3, captions: 15 });
  expect(corpus.imageNames.slice(0, 3)).toEqual(["train/31", "train/32", "train/33"]);
  const images = await corpus.openImages();
  expect([...(await images.read([2, 3]))]).toEqual([2, 2, 100, 101]);
  await corpus.close();
});

it("averages SCAN's regions, or lines them up", async () => {
  const regions = (images: number) =>
    floatNpy(
      [images, 2, 2],
      Array.from({ length: images * 4 }, (_, index) => index),
    );
  const name = await folder({
    "train_ims.npy": regions(3),
    "dev_ims.npy": regions(2),
    "test_ims.npy": regions(1),
  });
  const mean = await (await open(name)).openImages();
  expect([...(await mean.read([1]))]).toEqual([5, 6]);
  const flat = await (await open(name, { regions: "flatten" })).openImages();
  expect([flat.shape, [...(await flat.read([1]))]]).toEqual([[4], [4, 5, 6, 7]]);
  await mean.close();
  await flat.close();
});

it("cuts the dev split to the first captions as VSE++ does, which the name tells", async () => {
  const corpus = await open(await folder(), { name: "f30k", validationCaptions: 5 });
  expect(corpus.name).toBe("f30k-dev5");
  expect(corpus.report.splits.validation).toEqual({ images: 1, captions: 5 });
  await corpus.close();
});

it("lists everything that is wrong before training", async () => {
  const name = await folder({
    "dev_caps.txt": captions(7, "cat"),
    "test_caps.txt": `one\n \n${captions(3, "dog")}`,
  });
  await expectError(
    () => open(name),
    "CORPUS_INVALID",
    "2 problems",
    "7 captions for 2 rows",
    "test_caps.txt, line 2",
  );
});

const refused: [string, Record<string, string | Uint8Array>, "FILE_FORMAT" | "FEATURES_MISMATCH", string][] =
  [
    ["a truncated array", { "dev_ims.npy": features(2, 0).subarray(0, 140) }, "FILE_FORMAT", "dev_ims.npy"],
    [
      "splits of different dimensions",
      { "dev_ims.npy": floatNpy([2, 3], [1, 2, 3, 4, 5, 6]) },
      "FEATURES_MISMATCH",
      "2, 3",
    ],
  ];

it.each(refused)("refuses %s", async (_, changes, code, part) => {
  const name = await folder(changes);
  await expectError(() => open(name), code, part);
});

it("says what to put into an empty folder", async () => {
  await expectError(() => open("nowhere"), "FILE_MISSING", "train_caps.txt", "VSE++");
});
