import { z } from "zod";
import { CheckpointError } from "./errors.js";

/** Number types of the safetensors format that this reader takes, with their bytes per element. */
export const SAFETENSORS_BYTES = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type SafetensorsDType = keyof typeof SAFETENSORS_BYTES;

/** Where one tensor lies: byte range behind the header. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: readonly TensorEntry[];
}

/** Longest header that is read: the limit of the format's own library. */
export const MAXIMUM_HEADER_BYTES = 100_000_000;

const size = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(SAFETENSORS_BYTES) as [SafetensorsDType, ...SafetensorsDType[]]),
  shape: z.array(size).max(16),
  data_offsets: z.tuple([size, size]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

const corrupt = (path: string, problem: string): never => {
  throw new CheckpointError("CHECKPOINT_CORRUPT", `${path}: ${problem}`, { path, problem });
};

/** Parses and checks a header against the `dataBytes` that follow it; anything odd is CHECKPOINT_CORRUPT. */
export function parseHeader(path: string, text: string, dataBytes: number): Header {
  const { __metadata__: rawMetadata, ...rawEntries } = parseObject(path, text);
  const metadata = metadataSchema.safeParse(rawMetadata ?? {});
  if (!metadata.success) return corrupt(path, "the header's metadata is not a map of strings");
  const entries = Object.entries(rawEntries).map(([name, raw]) => parseEntry(path, name, raw));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(path, entries, dataBytes);
  return { metadata: metadata.data, entries };
}

function parseObject(path: string, text: string): Record<string, unknown> {
  const names = new Set<string>();
  try {
    const value: unknown = JSON.parse(text);
    const parsed = headerSchema.safeParse(value);
    if (parsed.success && !Array.isArray(value)) {
      checkRepeatedNames(path, text, Object.keys(parsed.data).length, names);
      return parsed.data;
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
  }
  return corrupt(path, "the header is not a JSON object");
}

/** JSON.parse keeps the last of two equal keys; every entry has exactly one "data_offsets". */
function checkRepeatedNames(path: string, text: string, keys: number, names: Set<string>): void {
  for (const match of text.matchAll(/[{,]\s*("(?:[^"\\]|\\.)*")\s*:\s*\{/g)) {
    const name = match[1]!;
    if (names.has(name)) corrupt(path, `the header names ${name} twice`);
    names.add(name);
  }
  if (names.size < keys) corrupt(path, "the header holds a key that is not a tensor");
}

function parseEntry(path: string, name: string, raw: unknown): TensorEntry {
  const parsed = entrySchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return corrupt(path, `tensor '${name}': ${issue.path.join(".") || "entry"}: ${issue.message}`);
  }
  const { dtype, shape, data_offsets } = parsed.data;
  const [begin, end] = data_offsets;
  const bytes = shape.reduce((product, extent) => product * extent, SAFETENSORS_BYTES[dtype]);
  if (end - begin !== bytes) {
    corrupt(path, `tensor '${name}': offsets hold ${end - begin} bytes, its shape needs ${bytes}`);
  }
  return { name, dtype, shape, begin, end };
}

function checkCoverage(path: string, entries: readonly TensorEntry[], dataBytes: number): void {
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) corrupt(path, `tensor '${name}': begins at byte ${begin}, expected ${position}`);
    position = end;
  }
  if (position !== dataBytes) {
    corrupt(path, `the header describes ${position} bytes of data, the file holds ${dataBytes}`);
  }
}
