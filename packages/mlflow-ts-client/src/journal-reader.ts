import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { decodeEntry, journalFileName, type JournalEntry, type RunEntry } from "./journal-format.js";

/** A decoded line and the byte offset just behind it. */
export interface JournalLine {
  readonly entry: JournalEntry;
  readonly end: number;
}

export interface JournalChunk {
  readonly lines: readonly JournalLine[];
  /** Where to read on: behind the last complete line that was looked at. */
  readonly offset: number;
  /** Offsets of complete lines that could not be decoded, for example one torn by a crash. */
  readonly damaged: readonly number[];
  /** True when no complete line lies behind `offset`. */
  readonly atEnd: boolean;
}

const newline = 0x0a;
const smallestRead = 256 * 1024;

/**
 * Reads complete lines from a byte offset on, at least one if there is one, until about `maximumBytes` are read. An
 * unfinished last line is left for later; a damaged line is passed over and reported. A missing file is an empty one.
 */
export function readJournalChunk(
  path: string,
  offset: number,
  maximumBytes: number = smallestRead,
): JournalChunk {
  for (let size = maximumBytes; ; size *= 4) {
    const { bytes, reachedEnd } = readBytes(path, offset, size);
    const last = bytes.lastIndexOf(newline);
    if (last >= 0) return { ...decodeLines(bytes.subarray(0, last + 1), offset), atEnd: reachedEnd };
    if (reachedEnd) return { lines: [], offset, damaged: [], atEnd: true };
  }
}

/** All decodable entries of a run's journal, in order. A run without a journal has none. */
export function readJournal(directory: string): JournalEntry[] {
  return [...walkJournal(join(directory, journalFileName))];
}

/** The entry that names the run, or `undefined` when the journal does not exist or holds none yet. */
export function readRunEntry(directory: string): RunEntry | undefined {
  for (const entry of walkJournal(join(directory, journalFileName))) if (entry.kind === "run") return entry;
  return undefined;
}

/** Yields the decodable entries of a journal file, reading as it goes. */
export function* walkJournal(path: string): Generator<JournalEntry, void, undefined> {
  for (let offset = 0; ;) {
    const chunk = readJournalChunk(path, offset);
    for (const { entry } of chunk.lines) yield entry;
    if (chunk.atEnd || chunk.offset === offset) return;
    offset = chunk.offset;
  }
}

function decodeLines(bytes: Buffer, offset: number): Omit<JournalChunk, "atEnd"> {
  const lines: JournalLine[] = [];
  const damaged: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(newline, start) + 1;
    const text = bytes.toString("utf8", start, end - 1);
    const entry = decodeEntry(text);
    if (entry !== undefined) lines.push({ entry, end: offset + end });
    else if (text.trim() !== "") damaged.push(offset + start);
    start = end;
  }
  return { lines, damaged, offset: offset + bytes.length };
}

function readBytes(path: string, offset: number, size: number): { bytes: Buffer; reachedEnd: boolean } {
  const file = openExisting(path);
  if (file === undefined) return { bytes: Buffer.alloc(0), reachedEnd: true };
  try {
    const available = Math.max(fstatSync(file).size - offset, 0);
    const bytes = Buffer.allocUnsafe(Math.min(available, size));
    const count = readSync(file, bytes, 0, bytes.length, offset);
    return { bytes: bytes.subarray(0, count), reachedEnd: count === available };
  } finally {
    closeSync(file);
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
