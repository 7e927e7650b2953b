import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AppendFile } from "./append-file.js";
import { JournalError, MlflowValidationError } from "./errors.js";
import { decodeEntry, encodeEntry, journalFileName, type JournalEntry } from "./journal-format.js";
import { readJournal, readJournalChunk, readRunEntry } from "./journal-reader.js";
import { RunJournal } from "./run-journal.js";
import { temporaryDirectory } from "./testing/setup.js";

const run = { experiment: "emoji", runName: "trial-1", uid: "u1" };

function kinds(directory: string): string[] {
  return readJournal(directory).map((entry) => entry.kind);
}

describe("RunJournal", () => {
  it("keeps everything that was said about a run, in order", async () => {
    const directory = temporaryDirectory();
    const journal = new RunJournal(directory, { ...run, startTime: 1, tags: { "sweep.id": "s1" } });
    journal.params({ dim: 64, name: "small", nesterov: true });
    journal.metrics({ "train/loss": NaN, "train/rate": 0.1 }, { step: 3, timestamp: 2 });
    journal.inputs([
      { dataset: { name: "emoji", digest: "d", sourceType: "npm", source: "{}" }, context: "train" },
    ]);
    journal.artifact(join(directory, "checkpoints/last"), "checkpoints/last");
    journal.finish("FINISHED");
    await journal.close();
    const [first, params, metrics, inputs, artifact, status] = readJournal(directory);
    expect(first).toEqual({
      kind: "run",
      ...run,
      startTime: 1,
      tags: { "sweep.id": "s1" },
      experimentTags: {},
    });
    expect(params).toEqual({ kind: "params", params: { dim: "64", name: "small", nesterov: "true" } });
    const values = { "train/loss": NaN, "train/rate": 0.1 };
    expect(metrics).toEqual({ kind: "metrics", step: 3, timestamp: 2, values });
    expect(inputs).toMatchObject({ kind: "inputs", datasets: [{ context: "train" }] });
    expect(artifact).toEqual({ kind: "artifact", source: "checkpoints/last", target: "checkpoints/last" });
    expect(status).toMatchObject({ kind: "status", status: "FINISHED" });
  });

  it("has a line on the file when the call returns, before any flush", () => {
    const directory = temporaryDirectory();
    const journal = new RunJournal(directory, run);
    journal.metrics({ loss: 1 }, { step: 1 });
    expect(kinds(directory)).toEqual(["run", "metrics"]);
  });

  it("refuses on the caller's line what the server would refuse", () => {
    const journal = new RunJournal(temporaryDirectory(), run);
    expect(() => journal.metrics({ "R@1": 1 }, { step: 1 })).toThrow(MlflowValidationError);
    expect(() => journal.metrics({ loss: 1 }, { step: 0.5 })).toThrow(MlflowValidationError);
    expect(() => journal.params({ "a(b)": 1 })).toThrow(MlflowValidationError);
    expect(() => journal.artifact("a#b")).toThrow(MlflowValidationError);
    expect(kinds(journal.directory)).toEqual(["run"]);
  });

  it("leaves out the points and params that a resumed run repeats", async () => {
    const directory = temporaryDirectory();
    const first = new RunJournal(directory, run);
    first.params({ dim: 64 });
    for (const step of [1, 2, 3]) first.metrics({ loss: step }, { step });
    await first.close();
    const second = new RunJournal(directory, { ...run, uid: "another" });
    expect(second.isContinued).toBe(true);
    expect(second.run.uid).toBe("u1");
    second.params({ dim: 64, extra: 1 });
    for (const step of [2, 3, 4]) second.metrics({ loss: step, "val/recall": 0 }, { step });
    second.summary({ "best/recall": 1 });
    second.summary({ "best/recall": 2 });
    await second.close();
    const entries = readJournal(directory);
    const points = entries.flatMap((entry) =>
      entry.kind === "metrics" ? [[entry.step, Object.keys(entry.values)]] : [],
    );
    expect(points).toEqual([
      [1, ["loss"]],
      [2, ["loss"]],
      [3, ["loss"]],
      [2, ["val/recall"]],
      [3, ["val/recall"]],
      [4, ["loss", "val/recall"]],
      [0, ["best/recall"]],
      [0, ["best/recall"]],
    ]);
    expect(entries.filter((entry) => entry.kind === "params")).toHaveLength(2);
  });

  it("says that a run goes on which had ended", async () => {
    const directory = temporaryDirectory();
    const first = new RunJournal(directory, run);
    first.finish("FAILED");
    await first.close();
    await new RunJournal(directory, run).close();
    expect(readJournal(directory).at(-1)).toMatchObject({ kind: "status", status: "RUNNING" });
  });

  it("says so when the disk takes no more", async () => {
    const file = new AppendFile("/dev/full");
    expect(() => file.append("line\n")).toThrow(JournalError);
    expect(() => file.append("line\n")).toThrow("journal '/dev/full' cannot be written: ENOSPC");
    await file.close();
  });

  it("refuses to write after it was closed", async () => {
    const journal = new RunJournal(temporaryDirectory(), run);
    await journal.close();
    expect(() => journal.metrics({ loss: 1 }, { step: 1 })).toThrow("is closed");
  });

  it("names both files and the tag of a picture", () => {
    const journal = new RunJournal(temporaryDirectory(), run);
    journal.image("retrieval", 5, "pictures/5.png");
    const [, image, compressed, tag] = readJournal(journal.directory);
    expect(image).toMatchObject({
      source: "pictures/5.png",
      target: expect.stringMatching(/^images\/retrieval\+step\+5\+.*\.png$/) as string,
    });
    expect(compressed).toMatchObject({ target: expect.stringMatching(/\+compressed\.webp$/) as string });
    expect(tag).toEqual({ kind: "tags", tags: { "mlflow.loggedImages": "True" } });
  });
});

describe("a journal cut short by a crash", () => {
  function writeWhole(directory: string): Buffer {
    const journal = new RunJournal(directory, { ...run, runName: "größe", startTime: 1 });
    journal.params({ dim: 64 });
    for (const step of [1, 2, 3]) journal.metrics({ loss: step }, { step, timestamp: step });
    return readFileSync(join(directory, journalFileName));
  }

  it("is read up to its last whole line and continued, whatever the byte of the crash", async () => {
    const directory = temporaryDirectory();
    const path = join(directory, journalFileName);
    const whole = writeWhole(directory);
    const entries = readJournal(directory);
    for (let size = 0; size <= whole.length; size += 1) {
      writeFileSync(path, whole.subarray(0, size));
      const complete = whole.subarray(0, size).toString("latin1").split("\n").length - 1;
      expect(readJournal(directory)).toEqual(entries.slice(0, complete));
      const journal = new RunJournal(directory, { ...run, startTime: 1 });
      journal.tags({ state: "resumed" });
      await journal.close();
      const after = readJournal(directory);
      expect(after.filter((entry) => entry.kind === "run")).toHaveLength(1);
      expect(after.at(-1)).toEqual({ kind: "tags", tags: { state: "resumed" } });
      expect(after.length).toBeGreaterThanOrEqual(complete + 1);
    }
  });

  it("keeps what follows a line that was damaged", () => {
    const directory = temporaryDirectory();
    const path = join(directory, journalFileName);
    writeWhole(directory);
    const size = readFileSync(path).length;
    truncateSync(path, size - 5);
    appendFileSync(path, `\n${encodeEntry({ kind: "tags", tags: { a: "b" } })}`);
    const chunk = readJournalChunk(path, 0);
    expect(chunk.damaged).toHaveLength(1);
    expect(chunk.lines.at(-1)?.entry).toEqual({ kind: "tags", tags: { a: "b" } });
  });
});

describe("readJournalChunk", () => {
  it("goes on from an offset and leaves an unfinished line for later", () => {
    const path = join(temporaryDirectory(), journalFileName);
    const line = encodeEntry({ kind: "tags", tags: { a: "1" } });
    writeFileSync(path, line + line.slice(0, 10));
    const first = readJournalChunk(path, 0);
    expect(first).toMatchObject({ offset: line.length, atEnd: true });
    expect(readJournalChunk(path, first.offset).lines).toEqual([]);
    appendFileSync(path, line.slice(10));
    expect(readJournalChunk(path, first.offset)).toMatchObject({ offset: 2 * line.length, atEnd: true });
  });

  it("reads a line that is longer than the chunk", () => {
    const path = join(temporaryDirectory(), journalFileName);
    const entry: JournalEntry = { kind: "tags", tags: { a: "x".repeat(5000) } };
    writeFileSync(path, encodeEntry(entry));
    expect(readJournalChunk(path, 0, 100).lines[0]?.entry).toEqual(entry);
  });

  it("takes a missing file for an empty one", () => {
    expect(readJournal("/nonexistent")).toEqual([]);
    expect(readRunEntry("/nonexistent")).toBeUndefined();
  });
});

describe("decodeEntry", () => {
  it("does not take other JSON for an entry", () => {
    for (const line of ["1", "{}", '{"kind":"later"}', '{"kind":"metrics","step":1}', ""]) {
      expect(decodeEntry(line)).toBeUndefined();
    }
  });
});
