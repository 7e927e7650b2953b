import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { openNpy } from "../arrays/npy.js";
import { floatNpy } from "../arrays/testing/array-files.js";
import { textSchema } from "../config.js";
import { DatasetError } from "../errors.js";
import { readFeatures } from "../features/read-features.js";
import { writeFeatures } from "../features/write-features.js";
import { openProposals } from "../flickr30k-entities/proposals.js";
import { decodeImage } from "../image/decode.js";
import { normals } from "../linear-algebra/column-blocks.js";
import { temporaryFolder } from "../testing/fixtures.js";
import { readFittedTexts } from "../text-features/fitted-texts.js";
import { textVectorRows } from "../text-features/text-vectors.js";
import { parseVocabulary, vocabularyOf } from "../text/vocabulary.js";
import { readWordVectors } from "../text/word-vectors.js";
import { mutated } from "./testing/mutate.js";

const MUTATIONS = 600;
const HOSTILE = [
  "__proto__",
  "1e999",
  "-1",
  "99999999999999999999",
  "null",
  "[[[[",
  "NaN",
  "\0",
  '"shape":[9',
];
const DIMENSION = 2;

const folder = await temporaryFolder();
const at = (name: string): string => join(folder, name);
const everything = { has: () => true };

const words = Array.from({ length: 12 }, (_, index) => `word${index}`);
const numbers = normals(words.length * DIMENSION, 1, 1);
const vectorOf = (row: number): Float32Array => numbers.subarray(row * DIMENSION, (row + 1) * DIMENSION);
const records = words.map((word, row) =>
  Buffer.concat([Buffer.from(`${word} `), Buffer.from(vectorOf(row).slice().buffer), Buffer.from("\n")]),
);
const lines = words.map((word, row) => `${word} ${[...vectorOf(row)].join(" ")}`).join("\n");
await writeFile(at("words.txt"), lines);

const names = ["a.jpg", "b.jpg"];
const writer = await writeFeatures(at("features"), { names, dimension: 3, source: "a trunk" });
await writer.append(Float32Array.of(1, 2, 3, 4, 5, 6));
await writer.finish();

/** The file of a fit to a few captions, and how it is read. */
async function fitted(vectors: object): Promise<[Buffer, (file: string) => Promise<unknown>]> {
  const text = textSchema.parse({ vectors, wordVectors: { file: "words.txt" } });
  const config = text.vectors!;
  const captions = words.map((_, row) => `${words[row]} ${words[(row + 5) % words.length]}`);
  const source = { cacheDirectory: folder, baseDirectory: folder, captions };
  const rows = await textVectorRows(config, text, { ...source, training: Int32Array.from(captions.keys()) });
  await rows.close();
  const rule = { config, lowerCase: true, wordDimension: config.kind === "tf-idf" ? 0 : DIMENSION };
  return [await readFile(rows.fitted), (file) => readFittedTexts(file, rule)];
}

type Store = readonly [string, Buffer, (file: string) => Promise<unknown>];

const vocabulary = JSON.stringify(vocabularyOf(words, { lowerCase: true }).toJSON());
const wink = JSON.stringify({
  ...{ precision: 8, size: 12, dimensions: DIMENSION, words },
  vectors: Object.fromEntries(words.map((word, row) => [word, [...vectorOf(row), 1, row]])),
});

/** A few photos' bytes in every format that corpora come in. */
const photo = sharp({ create: { width: 24, height: 16, channels: 3, background: "teal" } });
const boxes = [
  [1, 2, 8, 9, 0.5],
  [3, 3, 4, 7, 0.25],
];

const stores: readonly Store[] = [
  ...(await Promise.all(
    (["jpeg", "png", "webp"] as const).map(async (format): Promise<Store> => [
      `${format} photo`,
      await photo.clone().toFormat(format).toBuffer(),
      (file) => decodeImage(file, { size: [8, 8], fit: "squash" }),
    ]),
  )),
  [
    "proposals of all images",
    Buffer.from(JSON.stringify({ "17": boxes, "18": [] })),
    async (file) => (await openProposals(file, { form: "size", base: 1 }))("17"),
  ],
  [
    "precomputed npy",
    floatNpy([3, 2], [1, 2, 3, 4, 5, 6]),
    async (file) => {
      const npy = await openNpy(file);
      return npy.read(0, npy.rows).finally(() => npy.close());
    },
  ],
  [
    "word2vec binary",
    Buffer.concat([Buffer.from(`12 ${DIMENSION}\n`), ...records]),
    (file) => readWordVectors(file, everything, "binary"),
  ],
  ["word2vec text", Buffer.from(lines), (file) => readWordVectors(file, everything, "text")],
  ["wink JSON", Buffer.from(wink), (file) => readWordVectors(file, everything, "wink")],
  [
    "vocabulary",
    Buffer.from(vocabulary),
    async (file) => parseVocabulary(await readFile(file, "utf8"), file),
  ],
  ["image features", await readFile(at("features")), (file) => readFeatures(file, names)],
  ["fitted tf-idf", ...(await fitted({ kind: "tf-idf", words: 8 }))],
  ["fitted Fisher vectors", ...(await fitted({ kind: "fisher", centres: 2, components: "all" }))],
  [
    "fitted Fisher vectors in a subspace",
    ...(await fitted({ kind: "fisher", centres: 2, components: 3, samples: 12 })),
  ],
];

it.each(stores)("takes hundreds of mutated files: %s", async (name, bytes, read) => {
  const file = at(`mutated ${name}`);
  const refused: string[] = [];
  for (let index = 0; index < MUTATIONS; index++) {
    await writeFile(file, mutated(bytes, 13, index, HOSTILE));
    const error: unknown = await read(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) continue;
    // Anything but the typed error is a defect: rethrown, so that the mutation shows.
    if (!(error instanceof DatasetError)) throw new Error(`mutation ${index}`, { cause: error });
    refused.push(error.message);
  }
  expect(refused.length).toBeGreaterThan(MUTATIONS / 20);
  expect(refused.every((message) => message.includes(file))).toBe(true);
});

it.each(stores)("reads the unharmed file: %s", async (name, bytes, read) => {
  const file = at(`whole ${name}`);
  await writeFile(file, bytes);
  await expect(read(file)).resolves.toBeDefined();
});
