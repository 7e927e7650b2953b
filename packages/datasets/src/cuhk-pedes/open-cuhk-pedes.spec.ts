import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cuhkPedesSchema } from "../config.js";
import {
  collect,
  datasetError,
  expectError,
  pictureFile,
  temporaryFolder,
  writeFiles,
} from "../testing/fixtures.js";
import { openCuhkPedes, readCuhkPedes } from "./open-cuhk-pedes.js";

const root = await temporaryFolder();
const context = { cacheDirectory: join(root, "cache") };
const picture = await pictureFile("png");
let folders = 0;

/** Persons 1 and 2 train with two images each, 11004 validates, 12004 (two images) and 12005 test. */
const people: [string, number, string][] = [
  ["CUHK01/a.png", 2, "train"],
  ["Market/b.png", 1, "train"],
  ["CUHK01/c.png", 2, "train"],
  ["train_query/d.png", 1, "train"],
  ["CUHK03/e.png", 11004, "val"],
  ["cam_a/f.png", 12004, "test"],
  ["cam_b/g.png", 12004, "test"],
  ["cam_b/h.png", 12005, "test"],
];
const entries = people.map(([file_path, id, split]) => ({
  split,
  captions: [`Person ${id} in ${file_path[0]}.`, `One more of ${file_path}.`],
  file_path,
  processed_tokens: [["person"], ["one"]],
  id,
}));
type Entry = (typeof entries)[number];
const withoutSplits = JSON.stringify(entries.map(({ split: _, ...entry }) => entry));

async function corpus(list: readonly object[] = entries, changes: Readonly<Record<string, string>> = {}) {
  const folder = join(root, String(folders++));
  const images = Object.fromEntries(people.map(([path]) => [`imgs/${path}`, picture]));
  await writeFiles(folder, { ...images, "reid_raw.json": JSON.stringify(list), ...changes });
  return folder;
}

const config = (directory: string, changes: object = {}) =>
  cuhkPedesSchema.parse({ kind: "cuhk-pedes", directory, image: { size: 8 }, ...changes });

it("makes persons the classes, numbered within their split", async () => {
  const corpusFolder = await corpus();
  const opened = await openCuhkPedes(config(corpusFolder), context);
  expect(opened.report).toMatchObject({
    name: "cuhk-pedes",
    splits: {
      train: { images: 4, captions: 8 },
      validation: { images: 1 },
      test: { images: 3, captions: 6 },
    },
  });
  const data = await opened.trainingData();
  expect(data).toMatchObject({ classes: 2, length: 56 });
  const train = data.evaluation("train");
  expect([...train.images.labels]).toEqual([1, 0, 1, 0]);
  await opened.close();
});

it("matches every image of the person in evaluation, and captions to their own image in training", async () => {
  const opened = await openCuhkPedes(config(await corpus(), { sampling: { anchor: "caption" } }), context);
  const data = await opened.trainingData();
  const test = data.evaluation("test");
  expect([...test.images.labels]).toEqual([0, 0, 1]);
  expect([...test.texts.labels]).toEqual([0, 0, 0, 0, 1, 1]);
  const batches = await collect(data.batches({ epoch: 0, batchSize: 8, seed: 3 }));
  expect(batches).toHaveLength(1);
  expect(batches[0]?.imageLabel).toEqual(batches[0]?.textLabel);
  await opened.close();
});

it("refuses annotations without splits, and says what decides them", async () => {
  const directory = await corpus(entries, { "caption_all.json": withoutSplits });
  const all = { annotations: "caption_all.json" };
  await expectError(
    () => readCuhkPedes(config(directory, all)),
    "OPTION",
    "caption_all.json",
    "reid_raw.json",
    "corpus.lists",
  );
  await writeFiles(directory, {
    "train.txt": "1\n2\n",
    "test.txt": "imgs/cam_a/f.png\ncam_b/g.png\n12005\n",
  });
  const { report } = await readCuhkPedes(
    config(directory, { ...all, lists: { train: "train.txt", test: "test.txt" } }),
  );
  expect(report).toMatchObject({
    name: "cuhk-pedes-lists",
    splits: { train: { images: 4 }, test: { images: 3 } },
  });
  expect(report.warnings).toContain("1 captioned images are in no split");
  const both = config(directory, { lists: { train: "train.txt" } });
  await expectError(() => readCuhkPedes(both), "OPTION", "tells the splits already");
});

it("lists missing image folders once each, with what lies in them", async () => {
  const directory = await corpus();
  await rm(join(directory, "imgs", "CUHK01"), { recursive: true });
  await rm(join(directory, "imgs", "cam_b"), { recursive: true });
  await rm(join(directory, "imgs", "Market", "b.png"));
  await expectError(
    () => readCuhkPedes(config(directory)),
    "IMAGE_MISSING",
    "3 problems",
    `${join("imgs", "CUHK01")}: no such folder, though 2 images`,
    `${join("imgs", "cam_b")}: no such folder`,
    join("Market", "b.png"),
  );
  const { report } = await readCuhkPedes(config(directory, { problems: "skip" }));
  expect(report.splits).toMatchObject({ train: { images: 1 }, test: { images: 1 } });
});

const faults: [string, (entry: Entry, index: number) => object, string][] = [
  [
    "a person in two splits",
    (entry, index) => (index === 5 ? { ...entry, id: 1 } : entry),
    "person 1 is in split train",
  ],
  [
    "an image listed twice",
    (entry, index) => (index === 1 ? { ...entry, file_path: "CUHK01/a.png" } : entry),
    "CUHK01/a.png: the image is listed twice",
  ],
  [
    "an image without captions",
    (entry, index) => (index === 1 ? { ...entry, captions: [] } : entry),
    "has no caption",
  ],
  [
    "a path out of the folder",
    (entry, index) => (index === 1 ? { ...entry, file_path: "../../b.png" } : entry),
    "leaves the image folder",
  ],
  [
    "a backslash path out of the folder",
    (entry, index) => (index === 1 ? { ...entry, file_path: "a\\..\\..\\b.png" } : entry),
    "leaves the image folder",
  ],
];

it.each(faults)("reports %s", async (_, change, part) => {
  const directory = await corpus(entries.map(change));
  const error = await datasetError(() => readCuhkPedes(config(directory)));
  expect(["CORPUS_INVALID", "CAPTION_EMPTY", "CAPTION_FORMAT"]).toContain(error.code);
  expect(error.message).toContain(part);
});

it("refuses other JSON, naming the place", async () => {
  const directory = await corpus(
    entries.map((entry, index) => (index === 2 ? { ...entry, id: "two" } : entry)),
  );
  await expectError(() => readCuhkPedes(config(directory)), "FILE_FORMAT", "reid_raw.json", "2.id");
  await expectError(() => readCuhkPedes(config(join(root, "gone"))), "FILE_MISSING", "reid_raw.json");
});
