import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../errors.js";
import { writeAll } from "../process/files.js";
import { openJournal, readJournal, type Journal } from "../process/journal.js";
import type { IndexDescription } from "./index-file.js";

/** A photo that could not be read, and why. */
export interface SkippedPhoto {
  readonly name: string;
  readonly reason: string;
}

const skippedSchema = z.object({ name: z.string(), reason: z.string() });
const beginSchema = z.object({
  kind: z.literal("begin"),
  id: z.string(),
  checkpoint: z.string(),
  checkpointDigest: z.string(),
  photos: z.string(),
});
const partSchema = z.object({
  kind: z.literal("part"),
  embedded: z.array(z.string()),
  skipped: z.array(skippedSchema),
});
const entrySchema = z.discriminatedUnion("kind", [beginSchema, partSchema]);

type Entry = z.infer<typeof entrySchema>;
type Part = Omit<z.infer<typeof partSchema>, "kind">;

const READ_ROWS = 4096;

/**
 * What has been embedded so far, in `<index>.part/`: `vectors.f32`, and the names that go with them in
 * `journal.jsonl`. The vectors of a part are on the disk before its line is.
 */
export class EmbeddingJournal {
  readonly description: IndexDescription;
  readonly names: string[] = [];
  readonly skipped: SkippedPhoto[] = [];
  readonly #folder: string;
  readonly #dimension: number;
  readonly #vectors: number;
  readonly #journal: Journal<Entry>;

  private constructor(
    folder: string,
    description: IndexDescription,
    dimension: number,
    parts: readonly Part[],
  ) {
    this.#folder = folder;
    this.description = description;
    this.#dimension = dimension;
    for (const part of parts) this.#remember(part);
    this.#journal = openJournal(journalFile(folder));
    this.#vectors = openSync(vectorsFile(folder), "a");
    // Vectors whose line was lost with a crash are embedded again.
    ftruncateSync(this.#vectors, this.names.length * this.#rowBytes);
  }

  /** Goes on from what is there, or begins. Throws INDEX when what is there is of other photos or another model. */
  static open(index: string, wanted: IndexDescription, dimension: number): EmbeddingJournal {
    const folder = `${index}.part`;
    const entries = readJournal(journalFile(folder), entrySchema);
    const begin = entries.find((entry) => entry.kind === "begin");
    if (begin === undefined) return EmbeddingJournal.#begin(folder, wanted, dimension);
    if (begin.checkpointDigest !== wanted.checkpointDigest || begin.photos !== wanted.photos) {
      const message = `${folder} is unfinished work with ${begin.checkpoint} on ${begin.photos}; finish that, or start over with --fresh.`;
      throw new ExperimentError("INDEX", message, { folder });
    }
    const parts = entries.filter((entry) => entry.kind === "part");
    return new EmbeddingJournal(folder, { ...wanted, id: begin.id }, dimension, parts);
  }

  static #begin(folder: string, description: IndexDescription, dimension: number): EmbeddingJournal {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const journal = new EmbeddingJournal(folder, description, dimension, []);
    journal.#journal.append([{ kind: "begin", ...description }]);
    return journal;
  }

  /** Gives up what an earlier command has left. */
  static discard(index: string): void {
    rmSync(`${index}.part`, { recursive: true, force: true });
  }

  get #rowBytes(): number {
    return this.#dimension * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Keeps the vectors of `embedded`, row by row, and the reasons of what was skipped. */
  append(part: Part, vectors: Float32Array): void {
    writeAll(this.#vectors, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
    fsyncSync(this.#vectors);
    this.#journal.append([{ kind: "part", ...part }]);
    this.#remember(part);
  }

  #remember({ embedded, skipped }: Part): void {
    this.names.push(...embedded);
    this.skipped.push(...skipped);
  }

  /** All vectors in the order of `names`. */
  async *vectors(): AsyncGenerator<Float32Array> {
    const handle = await open(vectorsFile(this.#folder), "r");
    try {
      for (let row = 0; row < this.names.length; row += READ_ROWS) {
        const rows = Math.min(READ_ROWS, this.names.length - row);
        const bytes = new Uint8Array(rows * this.#rowBytes);
        await handle.read(bytes, 0, bytes.length, row * this.#rowBytes);
        yield new Float32Array(bytes.buffer);
      }
    } finally {
      await handle.close();
    }
  }

  close(): void {
    this.#journal.close();
    closeSync(this.#vectors);
  }
}

const journalFile = (folder: string): string => join(folder, "journal.jsonl");
const vectorsFile = (folder: string): string => join(folder, "vectors.f32");
