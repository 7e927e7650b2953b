import { join } from "node:path";
import { expect, it } from "vitest";
import { floatNpy } from "../arrays/testing/array-files.js";
import { corpusSchema } from "../config.js";
import { openCorpus } from "../open-corpus.js";
import { collect, expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { meanWordVector } from "./mean-vector.js";
import { captionVectors, transformText, transformTexts } from "./text-transform.js";
import { fitTfIdf, parseTfIdf } from "./tf-idf.js";

const TEXTS = ["A dog and a red ball", "The dog runs", "A cat with a red hat", "The cat, the dog"];

it("keeps the most frequent words that say something, rare ones weighing more", async () => {
  const tfIdf = await fitTfIdf(TEXTS, { words: 4 });
  expect(tfIdf.words).toEqual(["dog", "cat", "red", "ball"]);
  const dog = 1 + Math.log(5 / 4);
  const ball = 1 + Math.log(5 / 2);
  const vector = transformText(tfIdf, "the DOG, dog and the ball");
  const length = Math.hypot(2 * dog, ball);
  expect(vector[0]).toBeCloseTo((2 * dog) / length, 6);
  expect(vector[3]).toBeCloseTo(ball / length, 6);
  expect([vector[1], vector[2]]).toEqual([0, 0]);
  expect([...transformText(tfIdf, "and the nothing")]).toEqual([0, 0, 0, 0]);
});

it("depends on the texts' order in nothing", async () => {
  const forward = await fitTfIdf(TEXTS, { words: 10 });
  const backward = await fitTfIdf([...TEXTS].reverse(), { words: 10 });
  expect(backward.toJSON()).toEqual(forward.toJSON());
});

it("averages the vectors of the known words", () => {
  const vectors = new Map([
    ["dog", Float32Array.of(1, 0)],
    ["cat", Float32Array.of(0, 3)],
  ]);
  const mean = meanWordVector({ dimension: 2, vectors }, { lowerCase: true });
  expect([...transformText(mean, "Dog cat dog whale")]).toEqual([Math.fround(2 / 3), 1]);
  expect([...transformText(mean, "whale")]).toEqual([0, 0]);
  const unit = meanWordVector(
    { dimension: 2, vectors },
    { lowerCase: true, normalise: true, stopWords: new Set(["dog"]) },
  );
  expect([...transformText(unit, "dog cat")]).toEqual([0, 1]);
  const cased = meanWordVector({ dimension: 2, vectors }, { lowerCase: false });
  expect([...transformText(cased, "Dog")]).toEqual([0, 0]);
});

it("streams rows in blocks that are the rows one by one", async () => {
  const tfIdf = await fitTfIdf(TEXTS, { words: 5 });
  const endless = async function* () {
    for (let index = 0; index < 7; index++) yield TEXTS[index % TEXTS.length] as string;
  };
  const blocks = await collect(transformTexts(tfIdf, endless(), 3));
  expect(blocks.map(({ length }) => length)).toEqual([15, 15, 5]);
  expect(blocks[1]?.slice(0, 5)).toEqual(transformText(tfIdf, TEXTS[3] as string));
  expect(blocks[2]).toEqual(transformText(tfIdf, TEXTS[2] as string));
  expect(await collect(transformTexts(tfIdf, []))).toEqual([]);
});

it("trains on text vectors in place of word ids", async () => {
  const root = await temporaryFolder();
  const values = Array.from({ length: 8 }, (_, index) => index);
  await writeFiles(root, {
    "f/train_caps.txt": TEXTS.join("\n"),
    "f/train_ims.npy": floatNpy([4, 2], values),
    "f/test_caps.txt": "red red dog\n",
    "f/test_ims.npy": floatNpy([1, 2], [8, 9]),
  });
  const config = corpusSchema.parse({ kind: "precomputed", directory: join(root, "f") });
  const corpus = await openCorpus(config, { cacheDirectory: join(root, "cache") });
  const training = Array.from(corpus.trainingCaptions, (row) => corpus.captions[row] as string);
  expect(training).toEqual(TEXTS);
  const tfIdf = await fitTfIdf(training, { words: 3 });
  const data = await corpus.trainingData({ texts: captionVectors(tfIdf, corpus.captions) });
  expect(data).toMatchObject({ textKind: "vectors", length: 3, imageShape: [2] });
  const [batch] = await collect(data.batches({ epoch: 0, batchSize: 4, seed: 0 }));
  expect(batch?.text).toHaveLength(12);
  const [held] = await collect(data.evaluation("test").texts.batches(1));
  expect(held?.text).toEqual(transformText(tfIdf, "red red dog"));
  const other = captionVectors(tfIdf, TEXTS);
  await expectError(
    () => corpus.trainingData({ texts: other }),
    "FEATURES_MISMATCH",
    "expected 5 rows",
    "got 4",
  );
  await corpus.close();
});

it("stores and reads what was fitted, and refuses what was not", async () => {
  const tfIdf = await fitTfIdf(TEXTS, { words: 5 });
  const file = tfIdf.toJSON();
  const read = parseTfIdf(JSON.parse(JSON.stringify(tfIdf)), "t.json");
  expect(transformText(read, TEXTS[0] as string)).toEqual(transformText(tfIdf, TEXTS[0] as string));
  const broken: [object, string][] = [
    [{ ...file, version: 2 }, "version"],
    [{ ...file, weights: file.weights.slice(1) }, "5 words, but 4 weights"],
    [{ ...file, words: file.words.fill("dog") }, "twice"],
    [{ ...file, weights: [1, 2, 3, 4, -1] }, "weights.4"],
  ];
  for (const [value, part] of broken)
    await expectError(() => parseTfIdf(value, "t.json"), "VOCABULARY_FORMAT", "t.json", part);
  await expectError(() => fitTfIdf(["the and of"], { words: 5 }), "OPTION", "no word");
});
