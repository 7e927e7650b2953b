import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { flickr30kEntitiesSchema } from "../config.js";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { chainsOf } from "./phrases.js";
import { readFlickr30kEntities } from "./read-flickr30k-entities.js";

const root = await temporaryFolder();
let folders = 0;

const SENTENCES = `[/EN#1/people Two men] stand near [/EN#4/scene many bushes] in [/EN#8/scene the yard] .
[/EN#1/people They] look at [/EN#0/notvisual each other] and [/EN#10/other nothing] .
[/EN#77/other An unknown thing] beside [/EN#1/people two men] .
`;
const ANNOTATION = `<annotation><size><width>500</width><height>333</height><depth>3</depth></size>
<object><name>1</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>50</xmax><ymax>90</ymax></bndbox></object>
<object><name>1</name><bndbox><xmin>60</xmin><ymin>10</ymin><xmax>99</xmax><ymax>80</ymax></bndbox></object>
<object><name>4</name><bndbox><xmin>1</xmin><ymin>220</ymin><xmax>211</xmax><ymax>330</ymax></bndbox></object>
<object><name>8</name><scene>1</scene><nobndbox>0</nobndbox></object>
<object><name>10</name><scene>0</scene><nobndbox>1</nobndbox></object></annotation>`;

async function corpus(changes: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(root, String(folders++));
  const images = Object.fromEntries(
    ["100", "200", "300", "400"].flatMap((id) => [
      [`Sentences/${id}.txt`, SENTENCES],
      [`Annotations/${id}.xml`, ANNOTATION],
    ]),
  );
  await writeFiles(folder, {
    ...images,
    "train.txt": "100\n200\n",
    "val.txt": "300\n",
    "test.txt": "400\n",
    UNRELATED_CAPTIONS: "# format: <imageID> <sentence number>\n400 3\n",
    ...changes,
  });
  return folder;
}

const read = (directory: string, changes: object = {}) =>
  readFlickr30kEntities(flickr30kEntitiesSchema.parse({ directory, ...changes }));

it("gives every mention that has a box, with the box that encloses all of its chain", async () => {
  const { images, counts, name } = await read(await corpus());
  expect(name).toBe("flickr30k-entities");
  expect(images.map(({ id, split, width }) => [id, split, width])).toEqual([
    ["100", "train", 500],
    ["200", "train", 500],
    ["300", "validation", 500],
    ["400", "test", 500],
  ]);
  const [first] = images;
  expect(first?.phrases.map(({ text, sentence }) => [text, sentence])).toEqual([
    ["Two men", 1],
    ["many bushes", 1],
    ["They", 2],
    ["two men", 3],
  ]);
  expect(first?.phrases[0]).toMatchObject({
    types: ["people"],
    box: { left: 10, top: 10, right: 99, bottom: 90 },
  });
  expect(first?.phrases[0]?.boxes).toHaveLength(2);
  expect(counts.train).toEqual({
    located: 8,
    dropped: { notvisual: 2, scene: 2, nobox: 2, unannotated: 2, unrelated: 0 },
  });
});

it("leaves the phrases of unrelated captions out, unless they are to be kept", async () => {
  const directory = await corpus();
  const skipped = await read(directory, { splits: ["test"] });
  expect(skipped.counts).toEqual({
    test: { located: 3, dropped: { notvisual: 1, scene: 1, nobox: 1, unannotated: 0, unrelated: 2 } },
  });
  const kept = await read(directory, { splits: ["test"], unrelatedCaptions: "keep" });
  expect(kept.counts.test?.located).toBe(4);
});

it("brings the mentions of a thing together", async () => {
  const { images } = await read(await corpus(), { splits: ["train"] });
  const chains = chainsOf(images.flatMap(({ phrases }) => phrases));
  expect([...chains].map(([key, phrases]) => [key, phrases.length])).toEqual([
    ["0/1", 3],
    ["0/4", 1],
    ["1/1", 3],
    ["1/4", 1],
  ]);
});

it("tells where the photos lie when asked", async () => {
  const { images } = await read(await corpus(), { images: "../photos", splits: ["test"] });
  expect(images[0]?.path).toBe(join(root, "photos", "400.jpg"));
});

it("lists everything that is wrong in one error, or goes on without it", async () => {
  const directory = await corpus({
    "Annotations/200.xml": "<annotation>",
    "Sentences/100.txt": "[/EN#1/people Two men",
    "test.txt": "400\n100\n../../etc/passwd\n500\n",
  });
  await rm(join(directory, "Annotations", "300.xml"));
  const error = await expectError(
    () => read(directory),
    "CORPUS_INVALID",
    "6 problems",
    "line 2: 100 is listed in train already",
    "is not the id of an image",
    join("Sentences", "500.txt"),
    join("Annotations", "200.xml: ends inside <annotation>"),
    join("Annotations", "300.xml"),
    join("Sentences", "100.txt, line 1"),
  );
  expect(error.message).not.toContain("etc/passwd.txt");
  const { images, skipped } = await read(directory, { problems: "skip" });
  expect(images.map(({ id }) => id)).toEqual(["400"]);
  expect(skipped).toHaveLength(6);
});

it("says what is missing and where it belongs", async () => {
  await expectError(() => read(join(root, "gone")), "FILE_MISSING", "Sentences", "annotations.zip");
  const directory = await corpus();
  await rm(join(directory, "test.txt"));
  await expectError(() => read(directory), "FILE_MISSING", "test.txt", "corpus.lists.test");
});
