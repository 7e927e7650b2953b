import { crc32 } from "node:zlib";
import { corrupt, type FileBytes } from "./file-bytes.js";

/** One stored file of an archive. */
export interface ZipRecord {
  readonly name: string;
  readonly size: number;
  readonly checksum: number;
  /** Position of its local header. */
  readonly header: number;
}

const END = 0x06054b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 0xffff;
const WIDE_LOCATOR = 0x07064b50;
const WIDE_LOCATOR_LENGTH = 20;
const WIDE_END = 0x06064b50;
const WIDE_END_LENGTH = 56;
const DIRECTORY = 0x02014b50;
const DIRECTORY_LENGTH = 46;
const LOCAL = 0x04034b50;
const LOCAL_LENGTH = 30;
const WIDE_EXTRA = 1;
const UNKNOWN = 0xffffffff;
const LARGEST_DIRECTORY = 64 * 1024 * 1024;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const wide = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/**
 * The records of a zip archive by name, from its central directory. Records must be stored, not compressed: what
 * PyTorch writes. Throws CHECKPOINT_CORRUPT.
 */
export async function readZipDirectory(file: FileBytes): Promise<ReadonlyMap<string, ZipRecord>> {
  const { offset, length, count } = await findDirectory(file);
  if (length > LARGEST_DIRECTORY) throw corrupt(file.path, "the archive's directory is too large");
  const bytes = await file.read(offset, length);
  const records = new Map<string, ZipRecord>();
  let at = 0;
  for (let index = 0; index < count; index++) {
    const { record, next } = parseRecord(file.path, bytes, at);
    if (records.has(record.name)) throw corrupt(file.path, `the archive holds '${record.name}' twice`);
    records.set(record.name, record);
    at = next;
  }
  return records;
}

interface DirectoryPlace {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

async function findDirectory(file: FileBytes): Promise<DirectoryPlace> {
  const length = Math.min(file.size, END_LENGTH + LONGEST_COMMENT);
  const start = file.size - length;
  const view = viewOf(await file.read(start, length));
  for (let at = length - END_LENGTH; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    const place = {
      count: view.getUint16(at + 10, true),
      length: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
    return (await findWideDirectory(file, start + at)) ?? place;
  }
  throw corrupt(file.path, "the archive has no directory; is the file complete?");
}

/** The directory of an archive beyond 4 GB or 65,535 records, whose locator lies before the plain end. */
async function findWideDirectory(file: FileBytes, end: number): Promise<DirectoryPlace | undefined> {
  const at = end - WIDE_LOCATOR_LENGTH;
  if (at < 0) return undefined;
  const locator = viewOf(await file.read(at, WIDE_LOCATOR_LENGTH));
  if (locator.getUint32(0, true) !== WIDE_LOCATOR) return undefined;
  const view = viewOf(await file.read(wide(locator, 8), WIDE_END_LENGTH));
  if (view.getUint32(0, true) !== WIDE_END) throw corrupt(file.path, "the archive's directory is damaged");
  return { count: wide(view, 32), length: wide(view, 40), offset: wide(view, 48) };
}

function parseRecord(path: string, bytes: Uint8Array, at: number): { record: ZipRecord; next: number } {
  const view = viewOf(bytes);
  if (at + DIRECTORY_LENGTH > bytes.length || view.getUint32(at, true) !== DIRECTORY)
    throw corrupt(path, "the archive's directory is damaged");
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const nameStart = at + DIRECTORY_LENGTH;
  const next = nameStart + nameLength + extraLength + view.getUint16(at + 32, true);
  if (next > bytes.length) throw corrupt(path, "the archive's directory is damaged");
  const name = new TextDecoder().decode(bytes.subarray(nameStart, nameStart + nameLength));
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  if ((flags & 1) !== 0 || method !== 0)
    throw corrupt(path, `'${name}' is compressed or encrypted, as no file of PyTorch is`);
  const extra = bytes.subarray(nameStart + nameLength, nameStart + nameLength + extraLength);
  const checksum = view.getUint32(at + 16, true);
  return { record: { name, checksum, ...sizes(view, at, extra) }, next };
}

/** Size and position; 64-bit ones stand in the extra field, in this order, where the plain ones say so. */
function sizes(view: DataView, at: number, extra: Uint8Array): Pick<ZipRecord, "size" | "header"> {
  const [stored, size, header] = [20, 24, 42].map((place) => view.getUint32(at + place, true)) as [
    number,
    number,
    number,
  ];
  const numbers = wideNumbers(extra);
  const take = (plain: number): number => (plain === UNKNOWN ? (numbers.shift() ?? plain) : plain);
  const full = take(size);
  take(stored);
  return { size: full, header: take(header) };
}

function wideNumbers(extra: Uint8Array): number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === WIDE_EXTRA && at + 4 + length <= extra.length)
      return Array.from({ length: length >> 3 }, (_, index) => wide(view, at + 4 + 8 * index));
    at += 4 + length;
  }
  return [];
}

/** Where the bytes of a record begin. Throws CHECKPOINT_CORRUPT where they do not lie in the file. */
export async function recordStart(file: FileBytes, { name, header, size }: ZipRecord): Promise<number> {
  const view = viewOf(await file.read(header, LOCAL_LENGTH));
  if (view.getUint32(0, true) !== LOCAL) throw corrupt(file.path, `'${name}' is not where the archive says`);
  const start = header + LOCAL_LENGTH + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + size > file.size) throw corrupt(file.path, `'${name}' is cut short`);
  return start;
}

/** The bytes of a record, held against the archive's checksum. */
export async function readRecord(file: FileBytes, record: ZipRecord): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file.read(await recordStart(file, record), record.size);
  if (crc32(bytes) !== record.checksum)
    throw corrupt(file.path, `'${record.name}' does not match its checksum`);
  return bytes;
}
