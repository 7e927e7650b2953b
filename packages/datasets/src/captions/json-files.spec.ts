import { expect, it } from "vitest";
import { expectError } from "../testing/fixtures.js";
import { parseCocoFile, parseKarpathyFile } from "./json-files.js";

const sentence = (raw: string) => ({ raw, tokens: raw.split(" "), imgid: 0, sentid: 0 });
const karpathy = (images: object[]) => JSON.stringify({ images, dataset: "small" });
const image = (filename: string, split: string, ...captions: string[]) => ({
  filename,
  split,
  imgid: 0,
  sentids: [0],
  sentences: captions.map(sentence),
});

it("reads Karpathy's splits and folders", () => {
  const text = karpathy([
    image("1.jpg", "train", "a dog", "a hound"),
    { ...image("2.jpg", "val", "a cat"), filepath: "val2014", cocoid: 2 },
    image("3.jpg", "test", "a cow"),
  ]);
  const { records, problems } = parseKarpathyFile("k.json", text);
  expect(problems).toEqual([]);
  expect(records.map(({ image: name, caption, split }) => [name, caption, split])).toEqual([
    ["1.jpg", "a dog", "train"],
    ["1.jpg", "a hound", "train"],
    ["val2014/2.jpg", "a cat", "validation"],
    ["3.jpg", "a cow", "test"],
  ]);
  expect(records[1]?.record).toBe("images.0.sentences.1");
});

it("trains on restval images or leaves them out", () => {
  const text = karpathy([image("1.jpg", "restval", "a dog")]);
  expect(parseKarpathyFile("k.json", text).records[0]?.split).toBe("train");
  expect(parseKarpathyFile("k.json", text, "skip").records).toEqual([]);
});

it("lists doubled images, images without captions and empty captions", () => {
  const text = karpathy([
    image("1.jpg", "train", "a", " "),
    image("1.jpg", "val", "b"),
    image("2.jpg", "train"),
  ]);
  const { records, problems } = parseKarpathyFile("k.json", text);
  expect(records.map(({ caption }) => caption)).toEqual(["a"]);
  expect(problems.map(({ record }) => record).sort()).toEqual([
    "images.0.sentences.1",
    "images.1",
    "images.2",
  ]);
});

it("joins COCO captions to their images, in the order of the images", () => {
  const coco = {
    images: [
      { id: 9, file_name: "9.jpg", height: 1, width: 1 },
      { id: 4, file_name: "4.jpg" },
    ],
    annotations: [
      { id: 1, image_id: 4, caption: "four" },
      { id: 2, image_id: 9, caption: "nine" },
      { id: 3, image_id: 4, caption: "also four" },
    ],
  };
  const { records, problems } = parseCocoFile("c.json", JSON.stringify(coco));
  expect(problems).toEqual([]);
  expect(records.map(({ image: name, caption }) => `${name} ${caption}`)).toEqual([
    "9.jpg nine",
    "4.jpg four",
    "4.jpg also four",
  ]);
});

it("lists COCO captions of unknown images, images without captions and ids used twice", () => {
  const coco = {
    images: [
      { id: 1, file_name: "1.jpg" },
      { id: 1, file_name: "again.jpg" },
      { id: 2, file_name: "2.jpg" },
    ],
    annotations: [
      { image_id: 1, caption: "one" },
      { image_id: 7, caption: "seven" },
    ],
  };
  const messages = parseCocoFile("c.json", JSON.stringify(coco)).problems.map(({ message }) => message);
  expect(messages.some((message) => message.includes("image 7 is not among the images"))).toBe(true);
  expect(messages.some((message) => message.includes("2.jpg: the image has no caption"))).toBe(true);
  expect(messages.some((message) => message.includes("used twice"))).toBe(true);
});

const faults: [string, string][] = [
  ['{"images": [', "is not JSON"],
  ["[]", "top level"],
  [karpathy([image("1.jpg", "train", "a"), image("2.jpg", "dev", "b")]), "images.1.split"],
  [karpathy([{ filename: "1.jpg", split: "train" }]), "images.0.sentences"],
];

it.each(faults)("refuses %s, naming file and place", async (text, part) => {
  await expectError(() => parseKarpathyFile("k.json", text), "FILE_FORMAT", "k.json", part);
});

it("never fails but with a typed error, whatever byte is changed or cut", () => {
  const text = karpathy([image("1.jpg", "train", "a dog"), image("2.jpg", "val", "a cat")]);
  for (let place = 0; place < text.length; place++)
    for (const mutated of [text.slice(0, place), `${text.slice(0, place)}}${text.slice(place + 1)}`])
      try {
        expect(parseKarpathyFile("k.json", mutated).records.length).toBeLessThanOrEqual(2);
      } catch (error) {
        expect(error).toMatchObject({ name: "DatasetError", code: "FILE_FORMAT" });
      }
});
