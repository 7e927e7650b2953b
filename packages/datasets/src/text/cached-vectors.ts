import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, isSystemError } from "../errors.js";
import type { WordVectors } from "./vector-file.js";
import { readWordVectors, type WordVectorFormat } from "./word-vectors.js";

function encode({ dimension, vectors }: WordVectors): Buffer {
  const records = [...vectors].flatMap(([word, vector]) => [
    Buffer.from(`${word} `),
    Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
  ]);
  return Buffer.concat([Buffer.from(`${vectors.size} ${dimension}\n`), ...records]);
}

async function keyOf(file: string, words: ReadonlySet<string>): Promise<string> {
  const found = await stat(file).catch((error: unknown) => {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new DatasetError("FILE_MISSING", `${file}: no such word-vector file; correct the path`, { file });
  });
  const hash = createHash("sha256").update(`${file}\0${found.size}\0${found.mtimeMs}\n`);
  for (const word of [...words].sort()) hash.update(`${word}\n`);
  return hash.digest("hex").slice(0, 24);
}

async function save(path: string, directory: string, content: Buffer): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

/**
 * {@link readWordVectors}, with the wanted words kept in `directory`: a file of gigabytes is read once for all runs that
 * want the same words.
 */
export async function cachedWordVectors(
  file: string,
  words: ReadonlySet<string>,
  directory: string,
  format?: WordVectorFormat,
): Promise<WordVectors> {
  const path = join(directory, `${await keyOf(file, words)}.bin`);
  try {
    return await readWordVectors(path, words);
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
  }
  const vectors = await readWordVectors(file, words, format);
  await save(path, directory, encode(vectors));
  return vectors;
}
