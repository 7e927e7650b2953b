import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { emojiWords, emojiWordVectors, readGlove, toWord2VecBinary } from "./word-vectors.js";

const directory = await mkdtemp(join(tmpdir(), "emoji-vectors-"));
afterAll(() => rm(directory, { recursive: true }));

it("reads the vectors of the wanted words, the first and the last of the file among them", async () => {
  const vectors = await readGlove(new Set(["the", "sandberger", "dog", "no such word"]));
  expect([...vectors.keys()].sort()).toEqual(["dog", "sandberger", "the"]);
  expect(vectors.get("the")).toHaveLength(100);
  expect(vectors.get("the")?.[0]).toBeCloseTo(-0.038194, 6);
});

it("writes word2vec's binary form", () => {
  const bytes = toWord2VecBinary(new Map([["ab", Float32Array.of(1, -2)]]), 2);
  expect(bytes.subarray(0, 7).toString()).toBe("1 2\nab ");
  expect([bytes.readFloatLE(7), bytes.readFloatLE(11), bytes.length]).toEqual([1, -2, 16]);
});

it("knows vectors for most words of the captions and makes the file once", async () => {
  const file = await emojiWordVectors(directory);
  const header = (await readFile(file)).subarray(0, 9).toString();
  expect(emojiWords()).toHaveLength(5398);
  expect(header).toBe("5048 100\n");
  await writeFile(file, header);
  expect(await emojiWordVectors(directory)).toBe(file);
  expect((await readFile(file)).toString()).toBe(header);
});
