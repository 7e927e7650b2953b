import { join, sep } from "node:path";
import { expect, it } from "vitest";
import { openNpy } from "../arrays/npy.js";
import { openPrecomputed } from "../arrays/open-precomputed.js";
import { floatNpy } from "../arrays/testing/array-files.js";
import type { CaptionSet } from "../captions/caption-set.js";
import { readCaptionedFolder } from "../captioned-folder/open-captioned-folder.js";
import {
  captionsSchema,
  cuhkPedesSchema,
  flickr30kEntitiesSchema,
  flickr30kSchema,
  flickr8kSchema,
  mscocoSchema,
  precomputedSchema,
} from "../config.js";
import { readCuhkPedes } from "../cuhk-pedes/open-cuhk-pedes.js";
import { DatasetError } from "../errors.js";
import { readFlickr8k } from "../flickr8k/open-flickr8k.js";
import { readFlickr30k } from "../flickr30k/open-flickr30k.js";
import { readFlickr30kEntities } from "../flickr30k-entities/read-flickr30k-entities.js";
import { readMscoco } from "../mscoco/open-mscoco.js";
import { temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { mutated } from "./testing/mutate.js";

const MUTATIONS = 50;
const HOSTILE = [
  "../../outside.jpg",
  "/etc/passwd",
  "\0",
  "..",
  "imgs/../../x",
  "\\..\\",
  "train",
  "-9",
  "[",
  "{",
];
const root = await temporaryFolder();

const numbers = [1, 2, 3, 4];
const entries = numbers.map((number) => ({
  filename: `${number}.jpg`,
  split: ["train", "train", "val", "test"][number - 1],
  sentences: [{ raw: "A dog." }],
}));
const coco = JSON.stringify({
  images: numbers.map((id) => ({ id, file_name: `${id}.jpg` })),
  annotations: numbers.map((image_id) => ({ image_id, caption: "A dog." })),
});
const people = numbers.map((id) => ({ split: "train", captions: ["A man."], file_path: `a/${id}.jpg`, id }));
const photos = (folder: string) => Object.fromEntries(numbers.map((id) => [`${folder}/${id}.jpg`, "photo"]));
const box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>3</ymax></bndbox>";

/** Every image that a reader hands on must lie below its corpus. */
function checkPaths(folder: string, { images }: Pick<CaptionSet, "images">): void {
  for (const { path } of images) expect(path.startsWith(folder + sep)).toBe(true);
}

const folder = (name: string) => join(root, name);
const corpora: [string, Record<string, string | Uint8Array>, string[], () => Promise<unknown>][] = [
  [
    "flickr8k",
    {
      ...photos("Images"),
      "captions.txt": `image,caption\n${numbers.map((id) => `${id}.jpg,A dog .`).join("\n")}`,
      "Flickr_8k.trainImages.txt": "1.jpg\n2.jpg\n",
      "Flickr_8k.devImages.txt": "3.jpg\n4.jpg\n",
    },
    ["captions.txt", "Flickr_8k.trainImages.txt", "Flickr_8k.devImages.txt"],
    async () => {
      const directory = folder("flickr8k");
      const config = flickr8kSchema.parse({ kind: "flickr8k", directory, problems: "skip" });
      checkPaths(directory, await readFlickr8k(config));
    },
  ],
  [
    "captions",
    {
      ...photos("photos"),
      "captions.token": numbers.map((id) => `${id}.jpg#0\tA dog .`).join("\n"),
      "train.txt": "1.jpg\n2.jpg\n",
      "test.txt": "3.jpg\n",
    },
    ["captions.token", "train.txt", "test.txt"],
    async () => {
      const directory = folder("captions");
      const at = (name: string): string => join(directory, name);
      const splits = { train: at("train.txt"), test: at("test.txt") };
      const places = { images: at("photos"), captions: at("captions.token"), splits };
      const config = captionsSchema.parse({ kind: "captions", ...places, problems: "skip" });
      checkPaths(directory, await readCaptionedFolder(config));
    },
  ],
  [
    "flickr30k",
    {
      ...photos("flickr30k-images"),
      "dataset_flickr30k.json": JSON.stringify({ images: entries }),
      "results.token": numbers.map((id) => `${id}.jpg#0\tA dog .`).join("\n"),
      "train.txt": "1\n2\n",
      "val.txt": "3\n",
      "test.txt": "4\n",
    },
    ["dataset_flickr30k.json", "results.token", "test.txt"],
    async () => {
      const directory = folder("flickr30k");
      const config = { kind: "flickr30k", directory, problems: "skip" };
      checkPaths(directory, await readFlickr30k(flickr30kSchema.parse({ ...config, split: "entities" })));
      checkPaths(directory, await readFlickr30k(flickr30kSchema.parse(config)));
    },
  ],
  [
    "mscoco",
    {
      ...photos("train2017"),
      ...photos("val2017"),
      "captions_train2017.json": coco,
      "captions_val2017.json": coco,
    },
    ["captions_train2017.json", "captions_val2017.json"],
    async () => {
      const directory = folder("mscoco");
      const config = mscocoSchema.parse({ kind: "mscoco", directory, split: "official", problems: "skip" });
      checkPaths(directory, await readMscoco(config));
    },
  ],
  [
    "cuhk-pedes",
    { ...photos("imgs/a"), "reid_raw.json": JSON.stringify(people) },
    ["reid_raw.json"],
    async () => {
      const directory = folder("cuhk-pedes");
      const config = cuhkPedesSchema.parse({ kind: "cuhk-pedes", directory, problems: "skip" });
      checkPaths(directory, await readCuhkPedes(config));
    },
  ],
  [
    "precomputed",
    {
      "train_caps.txt": "a dog\na cat\n",
      "train_ims.npy": floatNpy([2, 2], [1, 2, 3, 4]),
      "train_ids.txt": "1\n2\n",
    },
    ["train_caps.txt", "train_ims.npy", "train_ids.txt"],
    async () => {
      const npy = await openNpy(join(folder("precomputed"), "train_ims.npy"));
      await npy.read(0, npy.rows).finally(() => npy.close());
      const config = precomputedSchema.parse({ kind: "precomputed", directory: folder("precomputed") });
      await (await openPrecomputed(config, { cacheDirectory: root })).close();
    },
  ],
  [
    "entities",
    {
      "Sentences/1.txt": "[/EN#1/people Two men] wait .\n",
      "Annotations/1.xml":
        `<annotation><size><width>5</width><height>3</height></size>` +
        `<object><name>1</name>${box}</object></annotation>`,
      "train.txt": "1\n",
      "val.txt": "",
      "test.txt": "",
      UNRELATED_CAPTIONS: "1 2\n",
    },
    ["Sentences/1.txt", "Annotations/1.xml", "train.txt", "UNRELATED_CAPTIONS"],
    async () => {
      const directory = folder("entities");
      await readFlickr30kEntities(flickr30kEntitiesSchema.parse({ directory }));
    },
  ],
];

it.each(corpora)("reads or refuses mutated folders: %s", async (name, files, changing, read) => {
  await writeFiles(folder(name), files);
  await read();
  let refused = 0;
  for (const file of changing) {
    const original = Buffer.from(files[file] as string);
    for (let index = 0; index < MUTATIONS; index++) {
      await writeFiles(folder(name), { [file]: mutated(original, 11, index, HOSTILE) });
      const error = await read().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined && !(error instanceof DatasetError))
        throw new Error(`${file}, mutation ${index}`, { cause: error });
      if (error !== undefined) refused++;
    }
    await writeFiles(folder(name), { [file]: original });
  }
  expect(refused).toBeGreaterThan(0);
});
