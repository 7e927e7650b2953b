import { join } from "node:path";
import { expect, it } from "vitest";
import { captionsSchema } from "../config.js";
import { expectError, temporaryFolder, writeFiles, writePictures } from "../testing/fixtures.js";
import { guessFormat } from "./caption-format.js";
import { readCaptionedFolder } from "./open-captioned-folder.js";

const root = await temporaryFolder();
await writePictures(join(root, "photos"), 6);
await writePictures(join(root, "more"), 2);
const names = [0, 1, 2, 3, 4, 5].map((index) => `${index}.jpg`);
const coco = (count: number) =>
  JSON.stringify({
    images: names.slice(0, count).map((file_name, id) => ({ id, file_name })),
    annotations: names.slice(0, count).map((name, image_id) => ({ image_id, caption: `photo ${name}` })),
  });
await writeFiles(root, {
  "photos.token": names.flatMap((name) => [`${name}#0\ta photo`, `${name}#1\tstill ${name}`]).join("\n"),
  "photos.csv": names.map((name) => `${name},a photo`).join("\n"),
  "karpathy.json": JSON.stringify({
    images: names.map((filename, index) => ({
      filename,
      split: index < 4 ? "train" : "test",
      sentences: [{ raw: "a photo" }],
    })),
  }),
  "train.json": coco(6),
  "validation.json": coco(2),
  "train.txt": "0\n1\n2\n3",
  "test.txt": "4\n5",
});

const read = (changes: object) =>
  readCaptionedFolder(captionsSchema.parse({ kind: "captions", images: "photos", ...changes }), root);
const drawn = { validation: 2, test: 1 };

it("reads Flickr30k tokens with splits drawn by seed, which the name tells", async () => {
  const { report } = await read({ captions: "photos.token", splits: drawn });
  expect(report).toMatchObject({ name: "photos-seed0", images: 6, captions: 12 });
  expect(report.splits).toMatchObject({
    train: { images: 3 },
    validation: { images: 2 },
    test: { images: 1 },
  });
  const again = await read({ captions: "photos.csv", name: "mine", splits: { ...drawn, seed: 4 } });
  expect(again.report.name).toBe("mine-seed4");
});

it("reads tokens with splits listed in files", async () => {
  const { images } = await read({
    captions: "photos.token",
    splits: { train: "train.txt", test: "test.txt" },
  });
  expect(images.map(({ split }) => split)).toEqual(["train", "train", "train", "train", "test", "test"]);
});

it("takes the splits of Karpathy's JSON", async () => {
  const { report } = await read({ captions: "karpathy.json" });
  expect(report.splits).toEqual({ train: { images: 4, captions: 4 }, test: { images: 2, captions: 2 } });
});

it("reads one COCO file and one folder a split, with names that tell the folders apart", async () => {
  const { report, images } = await read({
    images: { train: "photos", validation: "more" },
    captions: { train: "train.json", validation: "validation.json" },
  });
  expect(report.splits).toEqual({
    train: { images: 6, captions: 6 },
    validation: { images: 2, captions: 2 },
  });
  expect(images.map(({ name }) => name).slice(5)).toEqual(["photos/5.jpg", "more/0.jpg", "more/1.jpg"]);
});

it("guesses the form of a caption file", () => {
  expect(guessFormat('\n{"info": {}, "annotations" : []}')).toBe("coco");
  expect(guessFormat('{"images": []}')).toBe("karpathy");
  expect(guessFormat("1.jpg#0\ta, b\n")).toBe("tokens");
  expect(guessFormat("image,caption")).toBe("table");
});

const faults: [string, object, string, string][] = [
  ["no splits", { captions: "photos.token" }, "OPTION", "corpus.splits: missing"],
  [
    "splits twice",
    { captions: "karpathy.json", splits: drawn },
    "OPTION",
    "corpus.splits: the caption files tell",
  ],
  ["a missing caption file", { captions: "gone.token", splits: drawn }, "FILE_MISSING", "gone.token"],
  [
    "folders without files",
    { captions: "photos.token", images: { train: "photos" } },
    "OPTION",
    "corpus.images",
  ],
  [
    "a split without folder",
    { images: { train: "photos" }, captions: { train: "train.json", test: "validation.json" } },
    "OPTION",
    "corpus.images.test",
  ],
  ["a wrong folder", { images: "nowhere", captions: "karpathy.json" }, "IMAGE_MISSING", "nowhere/0.jpg"],
  ["the wrong form", { captions: "train.json", format: "karpathy" }, "FILE_FORMAT", "images.0.filename"],
  [
    "nobody to train",
    { captions: "photos.token", splits: { validation: 6, test: 0 } },
    "CORPUS_INVALID",
    "no usable",
  ],
];

it.each(faults)("refuses %s", async (_, changes, code, part) => {
  await expectError(() => read(changes), code as "OPTION", part);
});
