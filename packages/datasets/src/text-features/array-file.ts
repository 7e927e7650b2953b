import { createHash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { z } from "zod";
import { DatasetError, isSystemError } from "../errors.js";

/** Numbers with their shape. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float64Array | Float32Array | Uint8Array;
}

/** What a file holds: words about it, and arrays by name. */
export interface ArrayFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly arrays: Readonly<Record<string, NamedArray>>;
}

const TYPES = { F64: Float64Array, F32: Float32Array, U8: Uint8Array } as const;
type TypeName = keyof typeof TYPES;

const CHECKSUM = "checksum";
const extent = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.enum(["F64", "F32", "U8"]),
  shape: z.array(extent).max(2),
  data_offsets: z.tuple([extent, extent]),
});
const headerSchema = z.looseObject({ __metadata__: z.record(z.string(), z.string()) });
const entriesSchema = z.record(z.string(), entrySchema);

const bytesOf = ({ data }: NamedArray): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const typeOf = ({ data }: NamedArray): TypeName =>
  data instanceof Float64Array ? "F64" : data instanceof Float32Array ? "F32" : "U8";

/** Writes safetensors with a checksum of all data; the file gets its name only when it is complete. */
export async function writeArrays(file: string, { metadata, arrays }: ArrayFile): Promise<void> {
  // The widest numbers come first, so that all of them are aligned.
  const width = ([, { data }]: [string, NamedArray]): number => data.BYTES_PER_ELEMENT;
  const ordered = Object.entries(arrays).sort((a, b) => width(b) - width(a));
  const hash = createHash("sha256");
  let end = 0;
  const entries = ordered.map(([name, array]) => {
    hash.update(bytesOf(array));
    const data_offsets = [end, (end += array.data.byteLength)];
    return [name, { dtype: typeOf(array), shape: array.shape, data_offsets }] as const;
  });
  const __metadata__ = { ...metadata, [CHECKSUM]: hash.digest("hex") };
  const json = Buffer.from(JSON.stringify({ __metadata__, ...Object.fromEntries(entries) }));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  json.copy(header, 8);
  const partial = `${file}.${process.pid}.partial`;
  const handle = await open(partial, "w");
  try {
    for (const part of [header, ...ordered.map(([, array]) => bytesOf(array))]) await handle.writeFile(part);
    await handle.close();
    await rename(partial, file);
  } finally {
    await handle.close();
    await rm(partial, { force: true });
  }
}

/** Reads what {@link writeArrays} wrote. Errors: `FILE_MISSING`, `FILE_FORMAT` for a damaged file. */
export async function readArrays(file: string): Promise<ArrayFile> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new DatasetError("FILE_MISSING", `${file}: no such file; correct the path`, { file });
  });
  return parseArrays(bytes, file);
}

/** The same from bytes; `source` names them in errors. */
export function parseArrays(bytes: Uint8Array, source: string): ArrayFile {
  const fail = (what: string, cause?: unknown): DatasetError =>
    new DatasetError("FILE_FORMAT", `${source}: ${what}; write it again`, { file: source }, { cause });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? 0 : Number(view.getBigUint64(0, true));
  if (length < 2 || length > bytes.length - 8) throw fail("has no readable header");
  const { metadata, entries } = parseHeader(
    Buffer.from(bytes.subarray(8, 8 + length)).toString("utf8"),
    fail,
  );
  const data = bytes.subarray(8 + length);
  const { [CHECKSUM]: checksum, ...rest } = metadata;
  if (createHash("sha256").update(data).digest("hex") !== checksum)
    throw fail("the data do not match their checksum");
  const arrays = Object.entries(entries).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const Type = TYPES[dtype];
      const count = shape.reduce((product, extent) => product * extent, 1);
      if (end - begin !== count * Type.BYTES_PER_ELEMENT || end > data.length)
        throw fail(`'${name}' has ${end - begin} bytes for ${count} numbers`);
      return [name, { shape, data: new Type(new Uint8Array(data.subarray(begin, end)).buffer) }] as const;
    },
  );
  return { metadata: rest, arrays: Object.fromEntries(arrays) };
}

function parseHeader(json: string, fail: (what: string, cause: unknown) => DatasetError) {
  try {
    const { __metadata__: metadata, ...rest } = headerSchema.parse(JSON.parse(json));
    return { metadata, entries: entriesSchema.parse(rest) };
  } catch (error) {
    throw fail("has no readable header", error);
  }
}
