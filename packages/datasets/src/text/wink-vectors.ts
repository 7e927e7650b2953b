import { DatasetError } from "../errors.js";
import type { ByteReader } from "./byte-reader.js";
import {
  checkFinite,
  LARGEST_DIMENSION,
  malformed,
  type WantedWords,
  type WordVectors,
} from "./vector-file.js";

const OPENING = 0x7b;
const CLOSING = 0x5d;
const LONGEST_HEADER = 64 * 1024 * 1024;
const LONGEST_RECORD = LARGEST_DIMENSION * 32;
const VECTORS = '"vectors":';

async function readHeader(file: string, reader: ByteReader): Promise<{ dimension: number; size: number }> {
  let header = "";
  while (!header.endsWith(VECTORS)) {
    const part = await reader.until(OPENING, LONGEST_HEADER);
    if (!part || header.length > LONGEST_HEADER) throw malformed(file, 'has no "vectors"');
    header += part.toString("utf8");
  }
  const numberOf = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(header)?.[1]);
  const dimension = numberOf("dimensions");
  const size = numberOf("size");
  if (dimension >= 1 && dimension <= LARGEST_DIMENSION && size >= 0) return { dimension, size };
  throw malformed(file, 'has no "dimensions" and "size"');
}

/** `"word":[numbers` with a comma before it for all but the first; a `]` within the word splits it over two parts. */
async function readRecord(file: string, reader: ByteReader, record: number): Promise<string> {
  let text = "";
  for (let part = 0; part < 4; part++) {
    const bytes = await reader.until(CLOSING, LONGEST_RECORD);
    if (!bytes) break;
    text += bytes.toString("utf8");
    if (/^,?"(?:[^"\\]|\\.)*":\[/.test(text)) return text.startsWith(",") ? text.slice(1) : text;
    text += "]";
  }
  throw malformed(file, 'expected "word":[numbers]', record);
}

function parseNumbers(file: string, text: string, dimension: number, record: number): Float32Array {
  const numbers = text.split(",", dimension).map(Number);
  if (numbers.length !== dimension)
    throw malformed(file, `expected ${dimension} numbers, got ${numbers.length}`, record);
  return checkFinite(file, Float32Array.from(numbers), record);
}

/** Reads the JSON of a wink-embeddings package: one object whose `vectors` hold `dimensions` numbers and more. */
export async function readWink(file: string, reader: ByteReader, wanted: WantedWords): Promise<WordVectors> {
  const { dimension, size } = await readHeader(file, reader);
  const vectors = new Map<string, Float32Array>();
  for (let record = 0; record < size; record++) {
    const text = await readRecord(file, reader, record);
    const colon = text.lastIndexOf(":[");
    const word = wordOf(file, text.slice(0, colon), record);
    if (wanted.has(word)) vectors.set(word, parseNumbers(file, text.slice(colon + 2), dimension, record));
  }
  return { dimension, fileCount: size, vectors };
}

function wordOf(file: string, json: string, record: number): string {
  try {
    return String(JSON.parse(json));
  } catch (error) {
    const failure = malformed(file, "the word is not a JSON string", record);
    throw new DatasetError(failure.code, failure.message, failure.details, { cause: error });
  }
}
