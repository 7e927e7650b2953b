import { open, type FileHandle } from "node:fs/promises";
import { DatasetError, isSystemError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";
import {
  checkFinite,
  LARGEST_DIMENSION,
  malformed,
  type WantedWords,
  type WordVectors,
} from "./vector-file.js";
import { readWink } from "./wink-vectors.js";

/**
 * "binary": `N D\n`, then word, space, D little-endian float32; "text": one word and D numbers a line; "wink": the JSON
 * of the wink-embeddings packages.
 */
export type WordVectorFormat = "binary" | "text" | "wink";

const LONGEST_WORD = 4096;
const SPACE = 0x20;
const NEWLINE = 0x0a;

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new DatasetError("FILE_MISSING", `${file}: no such word-vector file; correct the path`, { file });
  }
}

function parseHeader(file: string, header: string | undefined): { count: number; dimension: number } {
  const match = /^(\d+) (\d+)\s*$/.exec(header ?? "");
  const count = Number(match?.[1]);
  const dimension = Number(match?.[2]);
  if (!match || !Number.isSafeInteger(count) || dimension < 1 || dimension > LARGEST_DIMENSION)
    throw malformed(file, "the first line must be the number of words and the dimension");
  return { count, dimension };
}

function toVector(bytes: Buffer): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

/** Bytes that are not UTF-8 are read as Latin-1, as the Google News file needs. */
function decodeWord(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\uFFFD") ? bytes.toString("latin1") : text;
}

async function readBinary(file: string, reader: ByteReader, wanted: WantedWords): Promise<WordVectors> {
  const { count, dimension } = parseHeader(file, (await reader.until(NEWLINE, 64))?.toString("latin1"));
  const vectors = new Map<string, Float32Array>();
  for (let record = 0; record < count; record++) {
    await reader.skipOne(NEWLINE);
    const word = await reader.until(SPACE, LONGEST_WORD);
    if (!word) throw malformed(file, "the file ends or holds no word here", record);
    const name = decodeWord(word);
    const bytes = await reader.take(dimension * 4);
    if (!bytes) throw malformed(file, `the file ends inside its ${dimension} numbers`, record);
    if (wanted.has(name) && !vectors.has(name)) vectors.set(name, checkFinite(file, toVector(bytes), record));
  }
  return { dimension, fileCount: count, vectors };
}

function parseLine(file: string, line: string, dimension: number, record: number): Float32Array {
  const numbers = line.trim().split(" ").slice(1);
  if (numbers.length !== dimension)
    throw malformed(file, `expected ${dimension} numbers, got ${numbers.length}`, record);
  return checkFinite(file, Float32Array.from(numbers, Number), record);
}

async function readText(file: string, reader: ByteReader, wanted: WantedWords): Promise<WordVectors> {
  const longest = LARGEST_DIMENSION * 16;
  const readLine = () => reader.line(longest);
  let line = await readLine();
  if (line === undefined) throw malformed(file, "the file holds no line");
  const header = /^(\d+) (\d+)\s*$/.test(line) ? parseHeader(file, line) : undefined;
  const dimension = header?.dimension ?? line.trim().split(" ").length - 1;
  if (dimension < 1) throw malformed(file, "expected a word and numbers in a line", 0);
  if (header) line = await readLine();
  const vectors = new Map<string, Float32Array>();
  let record = 0;
  for (; line !== undefined && line.trim() !== ""; line = await readLine(), record++) {
    const word = line.slice(0, line.indexOf(" "));
    if (wanted.has(word) && !vectors.has(word)) vectors.set(word, parseLine(file, line, dimension, record));
  }
  if (header && record !== header.count)
    throw malformed(file, `expected ${header.count} lines after the first, got ${record}`);
  return { dimension, fileCount: record, vectors };
}

function formatOf(file: string): WordVectorFormat {
  if (file.endsWith(".json")) return "wink";
  return /\.(txt|vec)$/.test(file) ? "text" : "binary";
}

/**
 * Reads the vectors of the wanted words, streaming: memory is that of the wanted words and one chunk.
 * `format` defaults to "text" for .txt and .vec, "wink" for .json, else "binary".
 * Errors: `FILE_MISSING`, `WORD_VECTORS_FORMAT`.
 */
export async function readWordVectors(
  file: string,
  wanted: WantedWords,
  format: WordVectorFormat = formatOf(file),
): Promise<WordVectors> {
  const handle = await openFile(file);
  const read = { binary: readBinary, text: readText, wink: readWink }[format];
  try {
    return await read(file, new ByteReader(handle), wanted);
  } finally {
    await handle.close();
  }
}
