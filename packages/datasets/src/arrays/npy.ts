import { open, type FileHandle } from "node:fs/promises";
import { unreadable } from "../captions/records.js";
import { arrayError, elementCount } from "./array-error.js";
import { NPY_PREFIX, NPY_TYPES, npyHeaderRange, parseNpyHeader, type NpyHeader } from "./npy-header.js";

/** Numbers of an array, in C order. */
export type ArrayData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** An array in memory. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: ArrayData;
}

function arrayOf(type: NpyHeader["type"], bytes: Uint8Array): ArrayData {
  // A copy whose buffer starts with the first element: typed arrays need aligned offsets.
  const { buffer } = Uint8Array.from(bytes);
  switch (type) {
    case "<f4":
      return new Float32Array(buffer);
    case "<f8":
      return new Float64Array(buffer);
    case "<i4":
      return new Int32Array(buffer);
    case "<i8":
      return new BigInt64Array(buffer);
    case "|u1":
    case "|b1":
      return new Uint8Array(buffer);
  }
}

function checkSize(file: string, { shape, type, dataOffset }: NpyHeader, size: number): void {
  const expected = dataOffset + (elementCount(shape) ?? 0) * NPY_TYPES[type];
  if (size !== expected)
    throw arrayError(file, `expected ${expected} bytes for shape (${shape.join(", ")}), got ${size}`);
}

/**
 * Reads a whole `.npy` file from its bytes; `file` names it in errors (`FILE_FORMAT`). Booleans become 0 and
 * 1.
 */
export function parseNpy(file: string, bytes: Buffer): NumericArray {
  const [begin, end] = npyHeaderRange(file, bytes.subarray(0, NPY_PREFIX));
  if (end > bytes.length) throw arrayError(file, "ends inside its header");
  const header = parseNpyHeader(file, bytes.subarray(begin, end).toString("latin1"), end);
  checkSize(file, header, bytes.length);
  return { shape: header.shape, data: arrayOf(header.type, bytes.subarray(end)) };
}

/** The numbers as float32; 64-bit integers are rounded. */
export function toFloat32(data: ArrayData): Float32Array {
  if (data instanceof Float32Array) return data;
  return data instanceof BigInt64Array ? Float32Array.from(data, Number) : Float32Array.from(data);
}

/**
 * A `.npy` file whose rows (the first dimension) are read by position: memory is that of the rows asked for.
 */
export interface NpyFile {
  readonly shape: readonly number[];
  /** Rows and the elements of each. */
  readonly rows: number;
  readonly rowSize: number;
  /** `count` rows from `first`, as float32 [count, rowSize]. */
  read(first: number, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

async function readBytes(
  file: string,
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw arrayError(file, `ends at byte ${position + done}`);
    done += bytesRead;
  }
  return bytes;
}

async function readHeader(file: string, handle: FileHandle): Promise<NpyHeader> {
  const { size } = await handle.stat();
  const prefix = await readBytes(file, handle, 0, Math.min(size, NPY_PREFIX));
  const [begin, end] = npyHeaderRange(file, prefix);
  if (end > size) throw arrayError(file, "ends inside its header");
  const text = (await readBytes(file, handle, begin, end - begin)).toString("latin1");
  const header = parseNpyHeader(file, text, end);
  checkSize(file, header, size);
  return header;
}

/** Opens a `.npy` file of one dimension or more. Errors: `FILE_MISSING`, `FILE_FORMAT`. */
export async function openNpy(file: string): Promise<NpyFile> {
  const handle = await open(file, "r").catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const { shape, type, dataOffset } = await readHeader(file, handle);
    const [rows, ...rest] = shape;
    if (rows === undefined) throw arrayError(file, "holds a single number, expected rows");
    const rowSize = elementCount(rest) ?? 0;
    if (rowSize === 0) throw arrayError(file, "has rows without numbers");
    const rowBytes = rowSize * NPY_TYPES[type];
    return {
      shape,
      rows,
      rowSize,
      read: async (first, count) => {
        if (first < 0 || count < 0 || first + count > rows)
          throw arrayError(file, `has no rows ${first}..${first + count - 1}, only ${rows}`, "ask for fewer");
        const bytes = await readBytes(file, handle, dataOffset + first * rowBytes, count * rowBytes);
        return toFloat32(arrayOf(type, bytes));
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw unreadable(file, error);
  }
}
