import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TextConfig, TextVectorsConfig } from "../config.js";
import type { OpenContext } from "../corpus.js";
import { DatasetError, isSystemError } from "../errors.js";
import { plainMultiply, type Multiply } from "../linear-algebra/multiply.js";
import { principalSubspace, project } from "../linear-algebra/principal-subspace.js";
import { permutation, randomStream, streams } from "../loader/random.js";
import { fileTexts, type TextRows } from "../loader/text-rows.js";
import { configuredVectors } from "../text/prepare-text.js";
import { tokenize } from "../text/tokenizer.js";
import type { WordVectors } from "../text/vector-file.js";
import { fitFisherTransform } from "./fisher-transform.js";
import { meanWordVector } from "./mean-vector.js";
import { transformTexts, type TextTransform } from "./text-transform.js";
import { fitTfIdf } from "./tf-idf.js";

/** Captions in row order, and the rows of them that transforms are fitted to. */
export interface TextVectorsSource extends OpenContext {
  readonly captions: readonly string[];
  readonly training: Int32Array;
}

/** Text vectors on disk; `close` releases the file. */
export interface OpenedTextVectors {
  readonly rows: TextRows;
  close(): Promise<void>;
}

const VERSION = 1;
const BLOCK = 512;

/** Blocks of vectors [n, dimension] of some texts. */
interface VectorMaker {
  readonly dimension: number;
  vectors(texts: readonly string[]): AsyncIterable<Float32Array>;
}

/**
 * The captions as vectors: fitted to the training captions, computed once and kept in the cache folder as one file of
 * float32 rows. Errors: `OPTION` where word vectors are needed and none are configured, and those of reading them.
 */
export async function textVectorRows(
  config: TextVectorsConfig,
  text: TextConfig,
  source: TextVectorsSource,
): Promise<OpenedTextVectors> {
  const words = await knownWords(config, text, source);
  const directory = join(source.cacheDirectory, "text-vectors");
  const file = join(directory, `${keyOf(config, text, words, source)}.f32`);
  const count = source.captions.length;
  if ((await sizeOf(file)) === undefined) {
    await mkdir(directory, { recursive: true });
    await writeVectors(file, await vectorMaker(config, text, words, source), source);
  }
  const dimension = ((await sizeOf(file)) ?? 0) / (4 * count);
  if (!Number.isInteger(dimension) || dimension < 1)
    throw new DatasetError("FILE_FORMAT", `${file}: is no file of ${count} vectors; delete it`, { file });
  const descriptor = openSync(file, "r");
  return { rows: fileTexts(descriptor, count, dimension), close: async () => closeSync(descriptor) };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    (error: unknown) => {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    },
  );
}

/** Vectors of every word of the captions, held-out ones included; undefined where none are needed. */
async function knownWords(
  config: TextVectorsConfig,
  text: TextConfig,
  { captions, cacheDirectory, baseDirectory = process.cwd() }: TextVectorsSource,
): Promise<WordVectors | undefined> {
  if (config.kind === "tf-idf") return undefined;
  const words = new Set(captions.flatMap((caption) => tokenize(caption, text)));
  return (await configuredVectors(text, words, { baseDirectory, cacheDirectory })) ?? missingVectors(config);
}

function missingVectors(config: TextVectorsConfig): never {
  const message = `text.vectors: ${config.kind} needs text.wordVectors: a word2vec file or a package`;
  throw new DatasetError("OPTION", message, { kind: config.kind });
}

/** Everything that decides about the vectors. */
function keyOf(
  config: TextVectorsConfig,
  { lowerCase }: TextConfig,
  words: WordVectors | undefined,
  { captions, training }: TextVectorsSource,
): string {
  const hash = createHash("sha256").update(JSON.stringify({ VERSION, config, lowerCase }));
  for (const [word, { buffer, byteOffset, byteLength }] of words?.vectors ?? [])
    hash.update(word).update(new Uint8Array(buffer, byteOffset, byteLength));
  hash.update(JSON.stringify([...training]));
  for (const caption of captions) hash.update(`${caption}\n`);
  return hash.digest("hex").slice(0, 24);
}

async function writeVectors(file: string, maker: VectorMaker, source: TextVectorsSource): Promise<void> {
  const { captions, onProgress, signal } = source;
  const partial = `${file}.${randomUUID()}.partial`;
  const handle = await open(partial, "w");
  let done = 0;
  try {
    for await (const block of maker.vectors(captions)) {
      signal?.throwIfAborted();
      await handle.writeFile(new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
      done += block.length / maker.dimension;
      onProgress?.({ task: "text vectors", done, total: captions.length });
    }
    await handle.close();
    await rename(partial, file);
  } finally {
    await handle.close();
    await rm(partial, { force: true });
  }
}

async function vectorMaker(
  config: TextVectorsConfig,
  text: TextConfig,
  words: WordVectors | undefined,
  source: TextVectorsSource,
): Promise<VectorMaker> {
  const { multiply = plainMultiply } = source;
  const transform = await fitted(config, text, words, source, multiply);
  const plain: VectorMaker = {
    dimension: transform.dimension,
    vectors: (texts) => transformTexts(transform, texts, BLOCK),
  };
  if (config.kind !== "fisher" || config.components === "all") return plain;
  return inSubspace(plain, config, source, multiply);
}

async function fitted(
  config: TextVectorsConfig,
  { lowerCase }: TextConfig,
  words: WordVectors | undefined,
  source: TextVectorsSource,
  multiply: Multiply,
): Promise<TextTransform> {
  const training = Array.from(source.training, (row) => source.captions[row] as string);
  if (config.kind === "tf-idf") return fitTfIdf(training, { words: config.words, lowerCase });
  const vectors = words ?? missingVectors(config);
  if (config.kind === "mean-words")
    return meanWordVector(vectors, { lowerCase, normalise: config.normalise });
  const trainingWords = new Set(training.flatMap((caption) => tokenize(caption, { lowerCase })));
  const report = (task: string, done: number, total: number): void => {
    source.signal?.throwIfAborted();
    source.onProgress?.({ task, done, total });
  };
  return fitFisherTransform(vectors, trainingWords, { config, lowerCase, multiply, onProgress: report });
}

type FisherConfig = Extract<TextVectorsConfig, { kind: "fisher" }>;

async function inSubspace(
  plain: VectorMaker,
  { components, samples, passes, seed }: FisherConfig,
  { captions, training, onProgress, signal }: TextVectorsSource,
  multiply: Multiply,
): Promise<VectorMaker> {
  if (components === "all") return plain;
  const order = permutation(training.length, randomStream(seed, streams.order, 0)).subarray(0, samples);
  const sample = Array.from(order, (index) => captions[training[index] as number] as string);
  const subspace = await principalSubspace(() => plain.vectors(sample), {
    ...{ dimension: plain.dimension, components, passes, seed, multiply },
    onRows: (pass, done) => {
      signal?.throwIfAborted();
      const total = sample.length * (passes + 1);
      onProgress?.({ task: "principal subspace", done: pass * sample.length + done, total });
    },
  });
  return {
    dimension: components,
    vectors: async function* (texts) {
      for await (const block of plain.vectors(texts)) yield project(subspace, block, multiply);
    },
  };
}
