import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { lookupTable } from "./lookup-table.js";
import { vocabularyOf } from "./vocabulary.js";
import { readWordVectors } from "./word-vectors.js";

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const everything = { has: () => true };

function record(word: string | Buffer, values: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(word), Buffer.from(" "), Buffer.from(Float32Array.from(values).buffer)]);
}

const newline = Buffer.from("\n");
const records = [record("in", [1, 2]), record("New_York", [3, 4]), record(Buffer.from([0x63, 0xe9]), [5, 6])];
const whole = Buffer.concat([Buffer.from("3 2\n"), ...records]);

await writeFiles(folder, {
  "plain.bin": whole,
  "lines.bin": Buffer.concat([Buffer.from("3 2\n"), ...records.flatMap((bytes) => [bytes, newline])]),
  "header.txt": "2 3\nin 1 2 3\nfor 4 5 -6e-1\n",
  "bare.vec": "in 1 2 3\nfor 4 5 6",
});

it.each(["plain.bin", "lines.bin"])(
  "reads %s, with or without line ends between the records",
  async (name) => {
    const { dimension, fileCount, vectors } = await readWordVectors(at(name), everything);
    expect([dimension, fileCount]).toEqual([2, 3]);
    expect(Object.fromEntries([...vectors].map(([word, vector]) => [word, [...vector]]))).toEqual({
      in: [1, 2],
      New_York: [3, 4],
      "c\u00e9": [5, 6],
    });
  },
);

it("keeps only the wanted words", async () => {
  const { fileCount, vectors } = await readWordVectors(at("plain.bin"), new Set(["New_York", "absent"]));
  expect([...vectors.keys()]).toEqual(["New_York"]);
  expect(fileCount).toBe(3);
});

it.each(["header.txt", "bare.vec"])(
  "reads the text form %s, with or without header and last line end",
  async (name) => {
    const { dimension, vectors } = await readWordVectors(at(name), everything);
    expect(dimension).toBe(3);
    expect([...vectors.keys()]).toEqual(["in", "for"]);
    expect([...(vectors.get("in") ?? [])]).toEqual([1, 2, 3]);
  },
);

it("refuses every truncation of a binary file", async () => {
  for (let length = 0; length < whole.length; length++) {
    await writeFiles(folder, { "cut.bin": whole.subarray(0, length) });
    await expectError(() => readWordVectors(at("cut.bin"), everything), "WORD_VECTORS_FORMAT", at("cut.bin"));
  }
});

const faults: [string, string | Buffer, string][] = [
  ["no-header.bin", "in the beginning\n", "first line"],
  ["huge.bin", "10 99999999\nx ", "first line"],
  ["no-space.bin", Buffer.concat([Buffer.from("1 2\n"), Buffer.alloc(9000, "x")]), "word 1"],
  ["not-a-number.bin", Buffer.concat([Buffer.from("1 2\n"), record("in", [1, NaN])]), "finite"],
  ["short-line.txt", "2 3\nin 1 2 3\nfor 4 5\n", "word 2: expected 3 numbers, got 2"],
  ["words.txt", "in one two three\n", "finite"],
  ["few-lines.txt", "3 2\nin 1 2\n", "expected 3 lines"],
  ["empty.txt", "", "no line"],
];

it.each(faults)("refuses %s, naming the place", async (name, content, part) => {
  await writeFiles(folder, { [name]: content });
  await expectError(() => readWordVectors(at(name), everything), "WORD_VECTORS_FORMAT", at(name), part);
});

it("names a missing file", async () => {
  await expectError(() => readWordVectors(at("gone.bin"), everything), "FILE_MISSING", at("gone.bin"));
});

/** 256 MiB, far more than the reader may hold: a sparse file of 1,024 words with 65,536 zeros each. */
const LARGE_WORDS = 1024;
const LARGE_DIMENSION = 65_536;
/** One chunk of 1 MiB, one wanted vector, and room for what else runs. */
const ALLOWED_GROWTH = 8 * 1024 * 1024;

it("reads a large file in the memory of one chunk and its wanted words", async () => {
  const file = await open(at("large.bin"), "w");
  let position = (await file.write(`${LARGE_WORDS} ${LARGE_DIMENSION}\n`)).bytesWritten;
  for (let word = 0; word < LARGE_WORDS; word++)
    position += (await file.write(`w${word} `, position)).bytesWritten + LARGE_DIMENSION * 4;
  await file.truncate(position);
  await file.close();
  const before = process.memoryUsage().arrayBuffers;
  let highest = 0;
  const has = (word: string) => {
    highest = Math.max(highest, process.memoryUsage().arrayBuffers);
    return word === "w1000";
  };
  const { vectors } = await readWordVectors(at("large.bin"), { has });
  expect(position).toBeGreaterThan(256 * 1024 * 1024);
  expect([...vectors.keys()]).toEqual(["w1000"]);
  expect(highest - before).toBeLessThan(ALLOWED_GROWTH);
});

it("lines vectors up with word ids and tells which words have none", async () => {
  const vectors = await readWordVectors(at("plain.bin"), everything);
  const lookup = lookupTable(vocabularyOf(["New_York", "town", "in"], { lowerCase: false }), vectors);
  expect([...lookup.table]).toEqual([3, 4, 0, 0, 1, 2]);
  expect(lookup).toMatchObject({ dimension: 2, missing: [2] });
});
