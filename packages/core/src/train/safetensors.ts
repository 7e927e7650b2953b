import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { elementCount, type DType, type TypedArray } from "../graph/types.js";
import { corrupt, openBytes, type FileBytes } from "../weights/file-bytes.js";
import { CheckpointError } from "./errors.js";
import {
  MAXIMUM_HEADER_BYTES,
  SAFETENSORS_BYTES,
  parseHeader,
  type SafetensorsDType,
  type TensorEntry,
} from "./safetensors-header.js";

/**
 * One tensor on its way into a file; `load` is called when its turn comes, so that one is in memory at a time, or one
 * part of it where `load` gives the tensor in parts.
 */
export interface TensorSource {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The tensor's numbers, asked for when its turn comes; an iterable gives them part by part. */
  load(): Promise<TypedArray> | TypedArray | AsyncIterable<TypedArray>;
}

/** An open safetensors file: its checked header, and its tensors on demand. */
export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /**
   * Raw little-endian bytes of one tensor, or of its bytes `begin` to `end`. Throws CHECKPOINT_MODEL for an
   * unknown tensor, CHECKPOINT_CORRUPT where the file ends in it.
   */
  readBytes(name: string, begin?: number, end?: number): Promise<Uint8Array>;
  /** Closes the file; reading after it fails. */
  close(): Promise<void>;
}

const DTYPES: Readonly<Record<DType, SafetensorsDType>> = {
  f32: "F32",
  bf16: "BF16",
  i32: "I32",
  u32: "U32",
  u8: "U8",
};

/**
 * Writes a safetensors file beside `path` and renames it over `path`, so that a reader never sees half a
 * file. Throws CHECKPOINT_WRITE where it cannot be written, or a tensor's numbers are not as many as its
 * shape says.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAll(temporary, tensors, metadata);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError("CHECKPOINT_WRITE", `${path}: cannot be written: ${reason}`, { path, reason });
  }
}

async function writeAll(
  path: string,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.write(headerBytes(tensors, metadata));
    for (const tensor of tensors) await writeTensor(handle, tensor);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function headerBytes(
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = position + elementCount(shape) * SAFETENSORS_BYTES[DTYPES[dtype]];
    header[name] = { dtype: DTYPES[dtype], shape, data_offsets: [position, end] };
    position = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}

async function writeTensor(handle: FileHandle, { name, shape, load }: TensorSource): Promise<void> {
  const loaded = load();
  let elements = 0;
  for await (const data of isParts(loaded) ? loaded : [await loaded]) {
    elements += data.length;
    await writeFully(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  if (elements === elementCount(shape)) return;
  throw new RangeError(`tensor '${name}' holds ${elements} elements, shape [${shape.join(", ")}]`);
}

const isParts = (loaded: ReturnType<TensorSource["load"]>): loaded is AsyncIterable<TypedArray> =>
  Symbol.asyncIterator in loaded;

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}

/**
 * Opens a safetensors file and checks its header: lengths, names, number types, shapes and that the tensors
 * cover the file without gap or overlap. Throws CHECKPOINT_MISSING where it cannot be opened,
 * CHECKPOINT_CORRUPT where a check fails.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openBytes(path);
  try {
    const length = await headerLength(file);
    const header = parseHeader(path, decodeUtf8(path, await file.read(8, length)), file.size - 8 - length);
    return fileOf(file, 8 + length, header.metadata, header.entries);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function headerLength(file: FileBytes): Promise<number> {
  const prefix = await file.read(0, 8);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length <= BigInt(MAXIMUM_HEADER_BYTES)) return Number(length);
  throw corrupt(file.path, `header length ${length} is over the limit of ${MAXIMUM_HEADER_BYTES} bytes`);
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw corrupt(path, "the header is not UTF-8");
  }
}

function fileOf(
  file: FileBytes,
  dataStart: number,
  metadata: Readonly<Record<string, string>>,
  list: readonly TensorEntry[],
): SafetensorsFile {
  const { path } = file;
  const entries = new Map(list.map((entry) => [entry.name, entry]));
  return {
    path,
    metadata,
    entries,
    async readBytes(name, begin = 0, end) {
      const entry = entries.get(name);
      if (!entry) {
        throw new CheckpointError("CHECKPOINT_MODEL", `${path}: holds no tensor '${name}'`, {
          path,
          tensor: name,
        });
      }
      const length = Math.min(end ?? Infinity, entry.end - entry.begin) - begin;
      return file.read(dataStart + entry.begin + begin, length);
    },
    close: () => file.close(),
  };
}

const ARRAYS = {
  F64: Float64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** A tensor's bytes as the typed array of its number type (F16 and BF16: raw 16-bit words). */
export function typedTensor(
  entry: TensorEntry,
  bytes: Uint8Array,
): InstanceType<(typeof ARRAYS)[SafetensorsDType]> {
  return new ARRAYS[entry.dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, elementCount(entry.shape));
}

/** The store's number type of a file's tensor, or undefined where the store has none. */
export function storeDType(dtype: SafetensorsDType): DType | undefined {
  return (Object.keys(DTYPES) as DType[]).find((key) => DTYPES[key] === dtype);
}
