import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { temporaryDirectory } from "../testing/temporary.js";
import { followJournal, openJournal, readJournal } from "./journal.js";

const schema = z.object({ n: z.int() });
const numbers = (entries: readonly { n: number }[]): number[] => entries.map(({ n }) => n);

describe("a journal", () => {
  it("gives back what was appended, over several openings", () => {
    const file = join(temporaryDirectory(), "j");
    for (const n of [1, 2]) {
      const journal = openJournal<{ n: number }>(file);
      journal.append([{ n }, { n: n * 10 }]);
      journal.close();
    }
    expect(numbers(readJournal(file, schema))).toEqual([1, 10, 2, 20]);
  });

  it("is empty when there is no file", () => {
    expect(readJournal(join(temporaryDirectory(), "none"), schema)).toEqual([]);
  });

  it("survives being cut off at every byte of its last line", () => {
    const file = join(temporaryDirectory(), "j");
    const whole = '{"n":1}\n{"n":2}\n';
    for (let length = '{"n":1}\n'.length; length < whole.length; length++) {
      writeFileSync(file, whole.slice(0, length));
      const journal = openJournal<{ n: number }>(file);
      journal.append([{ n: 3 }]);
      journal.close();
      expect(numbers(readJournal(file, schema))).toEqual([1, 3]);
    }
  });

  it("cuts a torn line longer than one block", () => {
    const file = join(temporaryDirectory(), "j");
    writeFileSync(file, `{"n":1}\n${"x".repeat(200_000)}`);
    openJournal(file).close();
    expect(readFileSync(file, "utf8")).toBe('{"n":1}\n');
  });

  it("passes over lines that are not its own", () => {
    const file = join(temporaryDirectory(), "j");
    writeFileSync(file, '{"n":1}\nnonsense\n{"m":2}\n\n{"n":3}\n');
    expect(numbers(readJournal(file, schema))).toEqual([1, 3]);
  });

  it("can be followed while it grows, whole lines only", () => {
    const file = join(temporaryDirectory(), "j");
    const fresh = followJournal(file, schema);
    expect(fresh()).toEqual([]);
    appendFileSync(file, '{"n":1}\n{"n":');
    expect(numbers(fresh())).toEqual([1]);
    expect(fresh()).toEqual([]);
    appendFileSync(file, "2}\n");
    expect(numbers(fresh())).toEqual([2]);
  });
});
