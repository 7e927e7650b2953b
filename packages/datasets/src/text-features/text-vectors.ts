import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { TextConfig, TextVectorsConfig } from "../config.js";
import type { OpenContext } from "../corpus.js";
import { DatasetError, isSystemError } from "../errors.js";
import { plainMultiply, type Multiply } from "../linear-algebra/multiply.js";
import { principalSubspace, project, type PrincipalSubspace } from "../linear-algebra/principal-subspace.js";
import { permutation, randomStream, streams } from "../loader/random.js";
import { fileTexts, type TextRows } from "../loader/text-rows.js";
import { configuredVectors } from "../text/prepare-text.js";
import { tokenize } from "../text/tokenizer.js";
import type { WordVectors } from "../text/vector-file.js";
import { fisherTransform, fitFisherModel } from "./fisher-transform.js";
import { readFittedTexts, writeFittedTexts, type FittedTexts, type FittingRule } from "./fitted-texts.js";
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
  /** File of what they were fitted to: for new captions, which are not to be fitted again. */
  readonly fitted: string;
  close(): Promise<void>;
}

const VERSION = 2;
const BLOCK = 512;

/** Blocks of vectors [n, dimension] of some texts. */
interface VectorMaker {
  readonly dimension: number;
  vectors(texts: readonly string[]): AsyncIterable<Float32Array>;
}

/**
 * The captions as vectors: fitted to the training captions, or as they were fitted in `text.fitted`, computed once and
 * kept in the cache folder as one file of float32 rows, beside what they were fitted to. Errors: `OPTION` where word
 * vectors are needed and none are configured, those of reading them and of {@link readFittedTexts}.
 */
export async function textVectorRows(
  config: TextVectorsConfig,
  text: TextConfig,
  source: TextVectorsSource,
): Promise<OpenedTextVectors> {
  const words = await knownWords(config, text, source);
  const rule = { config, lowerCase: text.lowerCase, wordDimension: words?.dimension ?? 0 };
  const given = text.fitted && resolve(source.baseDirectory ?? process.cwd(), text.fitted);
  const directory = join(source.cacheDirectory, "text-vectors");
  const key = keyOf(rule, words, source, given && (await digestOf(given, rule)));
  const file = join(directory, `${key}.f32`);
  const fitted = given ?? join(directory, `${key}.safetensors`);
  const count = source.captions.length;
  if ((await sizeOf(file)) === undefined || (await sizeOf(fitted)) === undefined) {
    await mkdir(directory, { recursive: true });
    const fit = given ? await readFittedTexts(given, rule) : await fitTexts(rule, words, source);
    await writeVectors(file, await vectorMaker(fit, rule, words, source), source);
    if (given === undefined) await writeFittedTexts(fitted, fit, rule);
  }
  const dimension = ((await sizeOf(file)) ?? 0) / (4 * count);
  if (!Number.isInteger(dimension) || dimension < 1)
    throw new DatasetError("FILE_FORMAT", `${file}: is no file of ${count} vectors; delete it`, { file });
  const descriptor = openSync(file, "r");
  return { rows: fileTexts(descriptor, count, dimension), fitted, close: async () => closeSync(descriptor) };
}

/** Stands for what a file of fitted texts holds. Throws what {@link readFittedTexts} throws. */
async function digestOf(file: string, rule: FittingRule): Promise<string> {
  await readFittedTexts(file, rule);
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
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
  rule: FittingRule,
  words: WordVectors | undefined,
  { captions, training }: TextVectorsSource,
  fitted: string | undefined,
): string {
  const hash = createHash("sha256").update(JSON.stringify({ VERSION, rule, fitted }));
  for (const [word, { buffer, byteOffset, byteLength }] of words?.vectors ?? [])
    hash.update(word).update(new Uint8Array(buffer, byteOffset, byteLength));
  if (fitted === undefined) hash.update(JSON.stringify([...training]));
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

/** Makes vectors by a fit; of Fisher vectors with a subspace their coordinates in it. */
async function vectorMaker(
  fitted: FittedTexts,
  { config, lowerCase }: FittingRule,
  words: WordVectors | undefined,
  { multiply = plainMultiply }: TextVectorsSource,
): Promise<VectorMaker> {
  if (fitted.kind === "tf-idf") return plainMaker(fitted.tfIdf);
  const vectors = words ?? missingVectors(config);
  if (fitted.kind === "mean-words") {
    const normalise = config.kind === "mean-words" && config.normalise;
    return plainMaker(meanWordVector(vectors, { lowerCase, normalise }));
  }
  const plain = plainMaker(await fisherTransform(fitted.model, vectors, { lowerCase, multiply }));
  const { subspace } = fitted;
  if (subspace === undefined) return plain;
  return {
    dimension: subspace.basis.columns,
    vectors: async function* (texts) {
      for await (const block of plain.vectors(texts)) yield project(subspace, block, multiply);
    },
  };
}

const plainMaker = (transform: TextTransform): VectorMaker => ({
  dimension: transform.dimension,
  vectors: (texts) => transformTexts(transform, texts, BLOCK),
});

/** Fits what the config asks for to the training captions. */
async function fitTexts(
  { config, lowerCase }: FittingRule,
  words: WordVectors | undefined,
  source: TextVectorsSource,
): Promise<FittedTexts> {
  const { multiply = plainMultiply } = source;
  const training = Array.from(source.training, (row) => source.captions[row] as string);
  if (config.kind === "mean-words") return { kind: "mean-words" };
  if (config.kind === "tf-idf")
    return { kind: "tf-idf", tfIdf: await fitTfIdf(training, { words: config.words, lowerCase }) };
  const vectors = words ?? missingVectors(config);
  const trainingWords = new Set(training.flatMap((caption) => tokenize(caption, { lowerCase })));
  const report = (task: string, done: number, total: number): void => {
    source.signal?.throwIfAborted();
    source.onProgress?.({ task, done, total });
  };
  const model = await fitFisherModel(vectors, trainingWords, { config, multiply, onProgress: report });
  if (config.components === "all") return { kind: "fisher", model };
  const plain = plainMaker(await fisherTransform(model, vectors, { lowerCase, multiply }));
  return { kind: "fisher", model, subspace: await subspaceOf(plain, config, source, multiply) };
}

type FisherConfig = Extract<TextVectorsConfig, { kind: "fisher" }>;

async function subspaceOf(
  plain: VectorMaker,
  { components, samples, passes, seed }: FisherConfig,
  { captions, training, onProgress, signal }: TextVectorsSource,
  multiply: Multiply,
): Promise<PrincipalSubspace> {
  const order = permutation(training.length, randomStream(seed, streams.order, 0)).subarray(0, samples);
  const sample = Array.from(order, (index) => captions[training[index] as number] as string);
  return principalSubspace(() => plain.vectors(sample), {
    ...{ dimension: plain.dimension, passes, seed, multiply },
    components: components === "all" ? plain.dimension : components,
    onRows: (pass, done) => {
      signal?.throwIfAborted();
      const total = sample.length * (passes + 1);
      onProgress?.({ task: "principal subspace", done: pass * sample.length + done, total });
    },
  });
}
