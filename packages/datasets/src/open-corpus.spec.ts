import { join } from "node:path";
import { expect, it } from "vitest";
import { corpusSchema } from "./config.js";
import { writeFeatures } from "./features/write-features.js";
import { featureImages } from "./loader/image-rows.js";
import { vectorTexts } from "./loader/text-rows.js";
import { openCorpus } from "./open-corpus.js";
import { buildVocabulary } from "./text/vocabulary.js";
import { collect, expectError, temporaryFolder, writeFiles, writePictures } from "./testing/fixtures.js";

const root = await temporaryFolder();
await writePictures(join(root, "photos"), 4);
const texts = ["A red dog", "two cats", "red car", "the sea"];
const vector = (word: string, value: number) =>
  Buffer.concat([Buffer.from(`${word} `), Buffer.from(Float32Array.of(value, -value).buffer)]);
await writeFiles(root, {
  "photos.token": texts.map((text, image) => `${image}.jpg#0\t${text}`).join("\n"),
  "train.txt": "0\n1\n2",
  "test.txt": "3",
  "vectors.bin": Buffer.concat([Buffer.from("3 2\n"), vector("red", 1), vector("cats", 2), vector("sky", 3)]),
  "same.json": JSON.stringify(buildVocabulary(texts, { lowerCase: true })),
  "other.json": JSON.stringify(buildVocabulary(["horses graze"], { lowerCase: true })),
});
const context = { cacheDirectory: join(root, "cache"), baseDirectory: root };
const open = (changes: object = {}) =>
  openCorpus(
    corpusSchema.parse({
      kind: "captions",
      images: "photos",
      captions: "photos.token",
      splits: { train: "train.txt", test: "test.txt" },
      image: { size: 8 },
      ...changes,
    }),
    context,
  );

it("takes the vocabulary from the training captions only", async () => {
  const corpus = await open();
  expect(corpus.vocabulary.words).toEqual(["red", "a", "car", "cats", "dog", "two"]);
  expect(corpus.lookup).toBeUndefined();
});

it("lines word vectors up with the vocabulary, or restricts it to them", async () => {
  const corpus = await open({ text: { wordVectors: { file: "vectors.bin" } } });
  expect(corpus.lookup?.dimension).toBe(2);
  expect([...(corpus.lookup?.table ?? [])].slice(0, 8)).toEqual([1, -1, 0, 0, 0, 0, 2, -2]);
  const restricted = await open({ text: { wordVectors: { file: "vectors.bin", restrict: true } } });
  expect(restricted.vocabulary.words).toEqual(["red", "cats"]);
});

it("starts the lookup at random on request, with the vocabulary that the vectors allow", async () => {
  const wordVectors = { file: "vectors.bin", restrict: true, initial: "random" } as const;
  const corpus = await open({ text: { wordVectors } });
  expect(corpus.vocabulary.words).toEqual(["red", "cats"]);
  expect(corpus.lookup).toBeUndefined();
});

it("counts validation captions too on request, test captions never", async () => {
  await writeFiles(root, { "first.txt": "0\n1", "third.txt": "2" });
  const splits = { train: "first.txt", validation: "third.txt", test: "test.txt" };
  const wordsOf = async (words: string) => {
    const corpus = await open({ splits, text: { wordVectors: { file: "vectors.bin", words } } });
    return [...corpus.vocabulary.words].sort();
  };
  expect(await wordsOf("training")).toEqual(["a", "cats", "dog", "red", "two"]);
  expect(await wordsOf("validation")).toEqual(["a", "car", "cats", "dog", "red", "two"]);
});

it("adds held-out words that have a vector on request, behind the training words", async () => {
  await writeFiles(root, {
    "sea.bin": Buffer.concat([Buffer.from("2 2\n"), vector("sea", 4), vector("dog", 5)]),
  });
  const corpus = await open({ text: { wordVectors: { file: "sea.bin", words: "corpus" } } });
  expect(corpus.vocabulary.words).toEqual(["red", "a", "car", "cats", "dog", "two", "sea"]);
  expect([...(corpus.lookup?.table ?? [])].slice(-2)).toEqual([4, -4]);
  const { texts: held } = (await corpus.trainingData()).evaluation("test");
  const [batch] = await collect(held.batches(1, { position: 0 }));
  expect([...(batch?.text ?? [])].slice(0, 2)).toEqual([7, 0]);
});

it("uses a stored vocabulary and refuses one of another corpus", async () => {
  const corpus = await open({ text: { vocabulary: "same.json" } });
  expect(corpus.vocabulary.size).toBe(8);
  const other = () => open({ text: { vocabulary: "other.json" } });
  await expectError(other, "VOCABULARY_MISMATCH", join(root, "other.json"), "0.0 %", "another corpus");
  await expectError(() => open({ text: { vocabulary: "gone.json" } }), "FILE_MISSING", "gone.json");
  const vectors = { wordVectors: { file: "vectors.bin", restrict: true } };
  await expectError(
    () => open({ text: { ...vectors, minimumCount: 3 } }),
    "VOCABULARY_MISMATCH",
    "minimumCount",
  );
});

it("runs a trunk once: features written from the decoded images replace the pixels", async () => {
  const corpus = await open();
  const images = await corpus.openImages();
  const writer = await writeFeatures(join(root, "features.safetensors"), {
    names: corpus.imageNames,
    dimension: 3,
    source: "mean colour",
  });
  for (let row = 0; row < images.count; row++) {
    const pixels = await images.read([row]);
    await writer.append(Float32Array.of(pixels[0] as number, pixels[1] as number, pixels[2] as number));
  }
  await writer.finish();
  const frozen = await open({ features: "features.safetensors" });
  const data = await frozen.trainingData();
  expect(data.imageShape).toEqual([3]);
  expect(Object.keys(data.preprocessing ?? {})).toEqual(["text"]);
  const [batch] = await collect(data.batches({ epoch: 0, batchSize: 3, seed: 0 }));
  expect(batch?.image).toHaveLength(9);
  const picture = await data.evaluation("test").images.pixelsOf?.(0);
  expect(picture?.data).toHaveLength(224 * 224 * 3);
  await corpus.close();
  await frozen.close();
});

it("tells how new photos and sentences are read, as far as the corpus reads such", async () => {
  const corpus = await open({ image: { size: 8, evaluationArea: 0.9 }, text: { length: 6 } });
  const { words } = corpus.vocabulary;
  const text = { length: 6, position: 0.5, lowerCase: true, words };
  const image = { size: [8, 8], fit: "squash" };
  expect((await corpus.trainingData()).preprocessing).toEqual({ image: { ...image, area: 0.9 }, text });
  const features = featureImages(new Float32Array(corpus.imageNames.length * 2), 2);
  const ofTrunk = await corpus.trainingData({ images: features });
  expect(ofTrunk.preprocessing).toEqual({ image: { ...image, area: 1 }, text });
  const ofVectors = await corpus.trainingData({ texts: vectorTexts(new Float32Array(4), 1) });
  expect(ofVectors.preprocessing).toEqual({ image: { ...image, area: 0.9 } });
  await corpus.close();
});

it("tells the mean colour of the training images", async () => {
  const corpus = await open();
  const mean = await corpus.channelMean();
  expect(Math.abs(mean[2] - 37)).toBeLessThan(6);
  await corpus.close();
});

it("overrides the config's sampling on request", async () => {
  const corpus = await open();
  expect((await corpus.trainingData()).stepsPerEpoch(1)).toBe(3);
  const data = await corpus.trainingData({ sampling: { alignment: "left", anchor: "caption" } });
  const [batch] = await collect(data.batches({ epoch: 0, batchSize: 1, seed: 0 }));
  expect(batch?.text[0]).toBeGreaterThan(0);
  await corpus.close();
});

it("may try again after a faulty image was repaired", async () => {
  await writeFiles(join(root, "photos"), { "2.jpg": "no picture" });
  const corpus = await open();
  await expectError(() => corpus.trainingData(), "IMAGE_UNDECODABLE", "2.jpg");
  await writePictures(join(root, "photos"), 4);
  expect((await corpus.trainingData()).classes).toBe(3);
  await corpus.close();
});
