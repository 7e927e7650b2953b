import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { readWordVectors } from "./word-vectors.js";

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const all = { has: () => true };
const words = ["the", "]", "{", 'a"b', "\\", "red:["];
const vectors = Object.fromEntries(words.map((word, index) => [word, [index, -index / 2, 1, 9.5, index]]));
const content = JSON.stringify({
  precision: 8,
  size: words.length,
  dimensions: 3,
  words,
  vectors,
  unkVector: [0],
});
await writeFiles(folder, { "wink.json": content });

it("reads the wanted words, with brackets and quotes in their names", async () => {
  const read = await readWordVectors(at("wink.json"), all);
  expect([read.dimension, read.fileCount]).toEqual([3, 6]);
  expect([...read.vectors.keys()]).toEqual(words);
  expect([...(read.vectors.get("]") ?? [])]).toEqual([1, -0.5, 1]);
  const some = await readWordVectors(at("wink.json"), new Set(["{"]));
  expect([...some.vectors]).toEqual([["{", Float32Array.of(2, -1, 1)]]);
});

it("refuses every truncation before the last vector", async () => {
  for (let length = 0; length < content.indexOf("unkVector") - 4; length++) {
    await writeFiles(folder, { "cut.json": content.slice(0, length) });
    await expectError(() => readWordVectors(at("cut.json"), all), "WORD_VECTORS_FORMAT", at("cut.json"));
  }
});

const faults: [string, string][] = [
  [content.replace('"dimensions":3', '"dimensions":"x"'), "dimensions"],
  [content.replace("[1,-0.5,1,9.5,1]", "[1,-0.5]"), "word 2: expected 3 numbers, got 2"],
  [content.replace("[1,-0.5,1,9.5,1]", "[1,null,1,2]"), "word 2"],
  [content.replace('"the":[', '"the":{'), "word 1"],
];

it.each(faults)("refuses a damaged file", async (text, part) => {
  await writeFiles(folder, { "bad.json": text });
  await expectError(() => readWordVectors(at("bad.json"), all), "WORD_VECTORS_FORMAT", part);
});
