import { constants } from "node:buffer";
import { inflateSync } from "node:zlib";
import { messageOf } from "../errors.js";
import { arrayError } from "./array-error.js";

/** Storage types of MAT-file data elements, with the bytes of one number. */
const NUMBER_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 2,
  5: 4,
  6: 4,
  7: 4,
  9: 8,
  12: 8,
  13: 8,
};

/** Types of the elements that matter here. */
export const elementTypes = { int8: 1, int32: 5, uint32: 6, matrix: 14, compressed: 15 } as const;

/** One tagged element. */
export interface Element {
  readonly type: number;
  readonly data: Buffer;
}

/**
 * Deflate makes at most 1032 bytes of one: more is not possible, so this bounds what a file can expand to.
 */
const LARGEST_EXPANSION = 1032;

function tagOf(file: string, bytes: Buffer, at: number) {
  if (at + 8 > bytes.length) throw arrayError(file, `ends inside an element at byte ${at}`);
  const first = bytes.readUInt32LE(at);
  const small = first >>> 16;
  if (small > 4) throw arrayError(file, `has an impossible small element at byte ${at}`);
  if (small > 0) return { type: first & 0xffff, begin: at + 4, length: small, next: at + 8 };
  const length = bytes.readUInt32LE(at + 4);
  const begin = at + 8;
  const padded = first === elementTypes.compressed ? length : Math.ceil(length / 8) * 8;
  return { type: first, begin, length, next: begin + padded };
}

/** The elements of a buffer, in order. Errors: `FILE_FORMAT`. */
export function* elementsOf(file: string, bytes: Buffer): Generator<Element> {
  let at = 0;
  while (at < bytes.length) {
    const { type, begin, length, next } = tagOf(file, bytes, at);
    if (begin + length > bytes.length) throw arrayError(file, `ends inside an element of ${length} bytes`);
    yield { type, data: bytes.subarray(begin, begin + length) };
    at = next;
  }
}

/** The bytes inside a compressed element. Errors: `FILE_FORMAT`. */
export function inflateElement(file: string, data: Buffer): Buffer {
  try {
    const most = Math.min(constants.MAX_LENGTH, (data.length + 1) * LARGEST_EXPANSION);
    return inflateSync(data, { maxOutputLength: most });
  } catch (error) {
    throw arrayError(file, `holds damaged compressed data (${messageOf(error)})`);
  }
}

type Read = (bytes: Buffer, at: number) => number;

const READERS: Readonly<Record<number, Read>> = {
  1: (bytes, at) => bytes.readInt8(at),
  2: (bytes, at) => bytes.readUInt8(at),
  3: (bytes, at) => bytes.readInt16LE(at),
  4: (bytes, at) => bytes.readUInt16LE(at),
  5: (bytes, at) => bytes.readInt32LE(at),
  6: (bytes, at) => bytes.readUInt32LE(at),
  7: (bytes, at) => bytes.readFloatLE(at),
  9: (bytes, at) => bytes.readDoubleLE(at),
  12: (bytes, at) => Number(bytes.readBigInt64LE(at)),
  13: (bytes, at) => Number(bytes.readBigUInt64LE(at)),
};

/** How many numbers an element holds and how to read one. Errors: `FILE_FORMAT`. */
export function numbersOf(
  file: string,
  { type, data }: Element,
): { count: number; at: (index: number) => number } {
  const size = NUMBER_BYTES[type];
  const read = READERS[type];
  if (size === undefined || read === undefined || data.length % size !== 0)
    throw arrayError(file, `holds numbers of the unknown type ${type}`);
  return { count: data.length / size, at: (index) => read(data, index * size) };
}
