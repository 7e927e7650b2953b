import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { captionCorpus } from "../captions/caption-corpus.js";
import { mscocoSchema } from "../config.js";
import { expectError, pictureFile, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { openMscoco, readMscoco } from "./open-mscoco.js";

const root = await temporaryFolder();
const context = { cacheDirectory: join(root, "cache") };
const picture = await pictureFile("jpeg");
let folders = 0;

const fileName = (part: string, year: number, id: number) =>
  `${year === 2014 ? `COCO_${part}2014_` : ""}${String(id).padStart(12, "0")}.jpg`;

const annotations = (part: string, year: number, ids: readonly number[]) =>
  JSON.stringify({
    info: {},
    licenses: [],
    images: ids.map((id) => ({ id, file_name: fileName(part, year, id), height: 12, width: 16 })),
    annotations: ids.flatMap((image_id) =>
      [0, 1, 2].map((number) => ({
        image_id,
        id: image_id * 10 + number,
        caption: `Photo ${image_id}, take ${number}.`,
      })),
    ),
  });

const trainIds = [9, 25, 30, 34];
const valIds = [42, 73, 74, 133];
const SPLITS = ["test", "val", "restval", "test"];

async function corpus(
  year = 2014,
  changes: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<string> {
  const folder = join(root, String(folders++));
  const parts = { train: trainIds, val: valIds };
  const files: Record<string, string | Uint8Array> = {};
  for (const [part, ids] of Object.entries(parts)) {
    files[`annotations/captions_${part}${year}.json`] = annotations(part, year, ids);
    for (const id of ids) files[`${part}${year}/${fileName(part, year, id)}`] = picture;
  }
  const entry = (part: string, id: number, split: string) => ({
    filepath: `${part}2014`,
    filename: fileName(part, 2014, id),
    cocoid: id,
    split,
    sentences: [0, 1].map((number) => ({ raw: `Photo ${id}, take ${number}.` })),
  });
  files["dataset_coco.json"] = JSON.stringify({
    images: [
      ...trainIds.map((id) => entry("train", id, "train")),
      ...valIds.map((id, index) => entry("val", id, SPLITS[index] as string)),
    ],
    dataset: "coco",
  });
  await writeFiles(folder, { ...files, ...changes });
  return folder;
}

const config = (directory: string, changes: object = {}) =>
  mscocoSchema.parse({ kind: "mscoco", directory, image: { size: 8 }, ...changes });
const counts = async (directory: string, changes: object = {}) => {
  const { report } = await readMscoco(config(directory, changes));
  return [
    report.name,
    ...["train", "validation", "test"].map((split) => report.splits[split]?.images ?? 0),
  ].join(" ");
};

it("splits by rule, and names the corpus after it", async () => {
  const directory = await corpus();
  expect(await counts(directory)).toBe("mscoco-karpathy 5 1 2");
  expect(await counts(directory, { restval: "skip" })).toBe("mscoco-karpathy-without-restval 4 1 2");
  expect(await counts(directory, { split: "official" })).toBe("mscoco-2014 4 4 0");
  const sizes = { validation: 2, test: 3 };
  expect(await counts(directory, { split: "random", sizes })).toBe("mscoco-random-seed1-2-3 3 2 3");
  await writeFiles(directory, {
    "coco_val.txt": "COCO_train2014_000000000009.jpg\nval2014/COCO_val2014_000000000042.jpg",
    "coco_test.txt": "73\n",
  });
  expect(await counts(directory, { split: "two-branch" })).toBe("mscoco-two-branch 5 2 1");
});

it("draws the random split by seed and image number, whatever the year of the files", async () => {
  const draw = async (directory: string, seed: number) => {
    const random = config(directory, { split: "random", seed, sizes: { validation: 2, test: 2 } });
    const { images } = await readMscoco(random);
    return images.map(({ name, split }) => `${/0*(\d+).jpg/.exec(name)?.[1]} ${split}`).sort();
  };
  const [old, current] = [await corpus(2014), await corpus(2017)];
  expect(await draw(old, 1)).toEqual(await draw(current, 1));
  expect(await draw(old, 1)).not.toEqual(await draw(old, 2));
});

it("refuses to hold out more images than there are", async () => {
  const directory = await corpus();
  await expectError(
    () => readMscoco(config(directory, { split: "random" })),
    "OPTION",
    "corpus.sizes: 5000 + 5000 held-out images leave none of 8",
  );
});

it("finds Karpathy's photos in the folders of 2017", async () => {
  const directory = await corpus(2017);
  await rename(
    join(directory, "val2017", fileName("val", 2017, 42)),
    join(directory, "train2017", fileName("val", 2017, 42)),
  );
  const { images } = await readMscoco(config(directory));
  expect(images).toHaveLength(8);
  expect(images.find(({ split }) => split === "test")?.name).toBe("train2017/000000000042.jpg");
});

it("keeps all captions of an image or the first ones", async () => {
  const directory = await corpus();
  const all = await readMscoco(config(directory, { split: "official" }));
  const first = await readMscoco(config(directory, { split: "official", captionsPerImage: 2 }));
  expect([all.report.captions, first.report.captions]).toEqual([24, 16]);
  expect(first.report.name).toBe("mscoco-2014-2captions");
});

it("evaluates consecutive folds with their own captions, beside the whole split", async () => {
  const directory = await corpus(2014);
  const read = await readMscoco(config(directory, { split: "official" }));
  const opened = await captionCorpus(read, config(directory), context, { split: "validation", size: 2 });
  const data = await opened.trainingData();
  expect(data.splits).toEqual(["validation", "validation-fold1", "validation-fold2", "train"]);
  const fold = data.evaluation("validation-fold2");
  expect([fold.name, fold.images.count, fold.texts.count]).toEqual(["mscoco-2014/validation-fold2", 2, 6]);
  expect([...fold.texts.labels]).toEqual([0, 0, 0, 1, 1, 1]);
  expect(fold.texts.captionOf(0)).toBe("Photo 74, take 0.");
  await opened.close();
  const small = await openMscoco(config(directory), context);
  expect((await small.trainingData()).splits).toEqual(["test", "validation", "train"]);
  await small.close();
});

it("lists everything that is wrong in one error", async () => {
  const bad = JSON.parse(annotations("train", 2014, trainIds)) as { images: object[]; annotations: object[] };
  bad.annotations.push({ image_id: 1, caption: "nobody's" }, { image_id: 9, caption: " " });
  bad.images.push({ id: 5, file_name: "../../../secret.jpg" });
  bad.annotations.push({ image_id: 5, caption: "outside" });
  const directory = await corpus(2014, { "annotations/captions_train2014.json": JSON.stringify(bad) });
  await rm(join(directory, "val2014", fileName("val", 2014, 73)));
  await expectError(
    () => readMscoco(config(directory, { split: "official" })),
    "CORPUS_INVALID",
    "4 problems",
    "image 1 is not among the images",
    "the caption is empty",
    "leaves the image folder",
    "COCO_val2014_000000000073.jpg",
  );
});

it("says what is missing and where it belongs", async () => {
  const directory = await corpus(2017);
  await expectError(
    () => readMscoco(config(directory, { split: "official", year: "2014" })),
    "FILE_MISSING",
    "captions_train2014.json",
  );
  await rm(join(directory, "dataset_coco.json"));
  await expectError(() => readMscoco(config(directory)), "FILE_MISSING", "dataset_coco.json");
  await expectError(
    () => readMscoco(config(directory, { split: "two-branch" })),
    "FILE_MISSING",
    "coco_val.txt",
    "corpus.lists.validation",
  );
  await writeFiles(directory, { "dataset_coco.json": '{"images": [' });
  await expectError(() => readMscoco(config(directory)), "FILE_FORMAT", "dataset_coco.json", "is not JSON");
});
