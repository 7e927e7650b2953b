import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
} from "node:fs";
import type { z } from "zod";
import { writeAll } from "./files.js";

/** An append-only file of one JSON value a line. */
export interface Journal<T> {
  /** Appends entries as one write; with `durable` (the default) they are on disk when it returns. */
  readonly append: (entries: readonly T[], durable?: boolean) => void;
  readonly sync: () => void;
  readonly close: () => void;
}

/** Opens a journal for writing and cuts off a last line that a crash left unfinished. */
export function openJournal<T>(file: string): Journal<T> {
  const descriptor = openSync(file, "a+");
  const whole = lengthOfWholeLines(descriptor);
  if (whole < fstatSync(descriptor).size) ftruncateSync(descriptor, whole);
  return {
    append: (entries, durable = true) => {
      if (entries.length === 0) return;
      writeAll(descriptor, Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")));
      if (durable) fsyncSync(descriptor);
    },
    sync: () => fsyncSync(descriptor),
    close: () => closeSync(descriptor),
  };
}

const NEWLINE = 0x0a;
const BLOCK = 65536;

function lengthOfWholeLines(descriptor: number): number {
  let end = fstatSync(descriptor).size;
  const block = Buffer.alloc(BLOCK);
  while (end > 0) {
    const begin = Math.max(0, end - BLOCK);
    const read = readSync(descriptor, block, 0, end - begin, begin);
    const newline = block.subarray(0, read).lastIndexOf(NEWLINE);
    if (newline >= 0) return begin + newline + 1;
    end = begin;
  }
  return 0;
}

/** The valid entries of a journal in order; torn or foreign lines are passed over. Empty when there is no file. */
export function readJournal<T>(file: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(file)) return [];
  return parseLines(readFileSync(file, "utf8"), schema);
}

export function parseLines<T>(text: string, schema: z.ZodType<T>): T[] {
  return text.split("\n").flatMap((line) => {
    const entry = schema.safeParse(jsonOf(line));
    return entry.success ? [entry.data] : [];
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/** Follows a growing journal: every call returns the entries that became whole since the last one. */
export function followJournal<T>(file: string, schema: z.ZodType<T>): () => T[] {
  let position = 0;
  return () => {
    if (!existsSync(file)) return [];
    const descriptor = openSync(file, "r");
    try {
      const size = fstatSync(descriptor).size;
      if (size <= position) return [];
      const fresh = Buffer.alloc(size - position);
      const read = readSync(descriptor, fresh, 0, fresh.length, position);
      const whole = fresh.subarray(0, fresh.subarray(0, read).lastIndexOf(NEWLINE) + 1);
      position += whole.length;
      return parseLines(whole.toString("utf8"), schema);
    } finally {
      closeSync(descriptor);
    }
  };
}
