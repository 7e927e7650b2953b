import { expect, it } from "vitest";
import { parseMat } from "../arrays/mat.js";
import { parseNpy } from "../arrays/npy.js";
import { doubleVariable, floatNpy, matFile } from "../arrays/testing/array-files.js";
import { parseCocoFile, parseKarpathyFile } from "../captions/json-files.js";
import { isInside, type CaptionFile } from "../captions/records.js";
import { assignListedSplits } from "../captions/splits.js";
import { parseCaptionTable, parseNameList, parseTokenFile } from "../captions/text-files.js";
import { parseCuhkPedes } from "../cuhk-pedes/annotations.js";
import { DatasetError } from "../errors.js";
import { parseResultsTable } from "../flickr30k/results-table.js";
import { parseAnnotation } from "../flickr30k-entities/annotation.js";
import { parseSentences } from "../flickr30k-entities/sentences.js";
import { parseUnrelatedCaptions } from "../flickr30k-entities/unrelated-captions.js";
import { parseTfIdf } from "../text-features/tf-idf.js";
import { mutated } from "./testing/mutate.js";

const MUTATIONS = 1500;
/** All readers together take a few seconds; one that hangs or grows with the square of its input does not. */
const SECONDS_EACH = 20;

const HOSTILE = [
  "../../../../etc/passwd",
  "/etc/passwd",
  "C:\\windows\\x",
  "..\\..\\x",
  "\0",
  "\u2028",
  "__proto__",
  "constructor",
  "-1",
  "1e999",
  "99999999999999999999",
  "null",
  "[[[[[[[[",
  '{"a":',
  "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
  "&b;",
  "[/EN#",
  "]",
  "'shape': (99999999999999, 9999999999999)",
  "__import__('os')",
];

const sentences = [0, 1].map((number) => ({
  tokens: ["a"],
  raw: `A dog, number ${number}.`,
  sentid: number,
}));
const json = (value: unknown) => JSON.stringify(value);

function pathsStayInside({ records }: CaptionFile): void {
  for (const { image } of records) if (!isInside(image)) throw new Error(`path escapes: ${image}`);
}

const captions = (parse: (file: string, text: string) => CaptionFile) => (bytes: Buffer) =>
  pathsStayInside(parse("file", bytes.toString("utf8")));

const readers: [string, Buffer | string, (bytes: Buffer) => unknown][] = [
  ["npy", floatNpy([3, 2], [1, 2, 3, 4, 5, 6]), (bytes) => parseNpy("file", bytes)],
  [
    "mat",
    matFile(
      doubleVariable("a", [
        [1, 2],
        [3, 4],
      ]),
    ),
    (bytes) => parseMat("file", bytes),
  ],
  [
    "compressed mat",
    matFile(
      doubleVariable(
        "a",
        [
          [1, 2],
          [3, 4],
        ],
        true,
      ),
    ),
    (bytes) => parseMat("file", bytes),
  ],
  ["token file", "1.jpg#0\tA dog .\n1.jpg#1\tOne dog .\n2.jpg#0\tA cat .\n", captions(parseTokenFile)],
  [
    "results table",
    "image_name| comment_number| comment\n1.jpg| 0| A dog .\n2.jpg| 4   A cat .\n",
    captions(parseResultsTable),
  ],
  ["caption table", 'image,caption\n1.jpg,"A dog, a ""cat"""\n2.jpg,A cat\n', captions(parseCaptionTable)],
  [
    "Karpathy JSON",
    json({ images: [{ filepath: "val2014", filename: "1.jpg", split: "val", sentences }], dataset: "coco" }),
    captions(parseKarpathyFile),
  ],
  [
    "COCO JSON",
    json({
      images: [{ id: 9, file_name: "9.jpg" }],
      annotations: [{ id: 1, image_id: 9, caption: "Food." }],
    }),
    captions(parseCocoFile),
  ],
  [
    "CUHK-PEDES JSON",
    json([
      { split: "train", captions: ["A person."], file_path: "CUHK01/1.png", processed_tokens: [], id: 1 },
    ]),
    captions(parseCuhkPedes),
  ],
  [
    "split list",
    "1.jpg\n2\n",
    (bytes) =>
      assignListedSplits(
        [{ name: "1.jpg" }, { name: "2.jpg" }],
        [{ split: "test", file: "file", names: parseNameList(bytes.toString()) }],
      ),
  ],
  [
    "sentences",
    "[/EN#1/people Two men] near [/EN#4/scene/other many bushes] .\n",
    (bytes) => parseSentences("file", bytes.toString()),
  ],
  [
    "annotation",
    `<annotation><size><width>5</width><height>3</height><depth>3</depth></size><object><name>1</name><bndbox><xmin>1</xmin>` +
      `<ymin>1</ymin><xmax>2</xmax><ymax>3</ymax></bndbox></object><object><name>8</name><scene>1</scene></object></annotation>`,
    (bytes) => parseAnnotation("file", bytes.toString()),
  ],
  [
    "unrelated captions",
    "# format\n129602216 5\n",
    (bytes) => parseUnrelatedCaptions("file", bytes.toString()),
  ],
  [
    "tf-idf",
    json({ version: 1, lowerCase: true, words: ["dog", "cat"], weights: [1.5, 2] }),
    (bytes) => {
      let value: unknown;
      try {
        value = JSON.parse(bytes.toString());
      } catch {
        return;
      }
      parseTfIdf(value, "file");
    },
  ],
];

it.each(readers)("takes thousands of mutated files: %s", (_, content, read) => {
  const bytes = Buffer.from(content as string);
  const started = performance.now();
  const outcomes = { read: 0, refused: 0 };
  for (let index = 0; index < MUTATIONS; index++)
    try {
      read(mutated(bytes, 7, index, HOSTILE));
      outcomes.read++;
    } catch (error) {
      // Anything but the typed error is a defect: rethrown, so that the mutation shows.
      if (!(error instanceof DatasetError)) throw new Error(`mutation ${index}`, { cause: error });
      expect(error.message.length).toBeLessThan(2000);
      outcomes.refused++;
    }
  expect(outcomes.read + outcomes.refused).toBe(MUTATIONS);
  expect((performance.now() - started) / 1000).toBeLessThan(SECONDS_EACH);
});

it("gives the unharmed files to every reader", () => {
  for (const [, content, read] of readers) expect(() => read(Buffer.from(content as string))).not.toThrow();
});

it("makes the same mutations again, and all kinds of them", () => {
  const bytes = Buffer.from("0123456789".repeat(4));
  const all = Array.from({ length: 200 }, (_, index) => mutated(bytes, 7, index, HOSTILE).toString("hex"));
  expect(
    Array.from({ length: 200 }, (_, index) => mutated(bytes, 7, index, HOSTILE).toString("hex")),
  ).toEqual(all);
  expect(new Set(all).size).toBeGreaterThan(150);
});
