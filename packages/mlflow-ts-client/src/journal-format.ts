import { z } from "zod";
import type { DatasetUse } from "./types.js";

/** Name of the journal in a run's directory. */
export const journalFileName = "journal.jsonl";

// The sync rewrites this; the journal itself is only ever appended to.
export const syncStateFileName = "journal.sync.json";
export const syncLockFileName = "journal.sync.lock";
export const rejectedFileName = "journal.rejected.jsonl";

const textRecord = z.record(z.string(), z.string());
const metricValue = z
  .union([z.number(), z.literal(["NaN", "Infinity", "-Infinity"])])
  .transform((value) => Number(value));

const dataset = z.object({
  name: z.string(),
  digest: z.string(),
  sourceType: z.string(),
  source: z.string(),
  schema: z.string().optional(),
  profile: z.string().optional(),
});

const runEntry = z.object({
  kind: z.literal("run"),
  uid: z.string(),
  experiment: z.string(),
  runName: z.string(),
  startTime: z.number(),
  tags: textRecord.default({}),
  experimentTags: textRecord.default({}),
});

const journalEntry = z.discriminatedUnion("kind", [
  runEntry,
  z.object({ kind: z.literal("params"), params: textRecord }),
  z.object({ kind: z.literal("tags"), tags: textRecord }),
  z.object({
    kind: z.literal("metrics"),
    step: z.number(),
    timestamp: z.number(),
    values: z.record(z.string(), metricValue),
  }),
  z.object({
    kind: z.literal("inputs"),
    datasets: z.array(z.object({ dataset, context: z.string().optional() })) satisfies z.ZodType<
      DatasetUse[]
    >,
  }),
  z.object({ kind: z.literal("artifact"), source: z.string(), target: z.string() }),
  z.object({
    kind: z.literal("status"),
    status: z.enum(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]),
    time: z.number(),
  }),
]);

/** One line of a journal. Times in milliseconds since 1970; artifact sources relative to the run's directory. */
export type JournalEntry = z.output<typeof journalEntry>;

/** The first line: what run this is. */
export type RunEntry = z.output<typeof runEntry>;

/** A line, newline included. NaN and the infinities are spelled as strings. */
export function encodeEntry(entry: JournalEntry): string {
  return `${JSON.stringify(entry, (_, value: unknown) => spellNumber(value))}\n`;
}

function spellNumber(value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Reads a line; `undefined` when it is torn, damaged or of a kind this version does not know. */
export function decodeEntry(line: string): JournalEntry | undefined {
  try {
    return journalEntry.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
