import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { textSchema, type TextConfig } from "../config.js";
import { normals } from "../linear-algebra/column-blocks.js";
import type { TextRows } from "../loader/text-rows.js";
import { expectError, temporaryFolder } from "../testing/fixtures.js";
import { textVectorRows, type TextVectorsSource } from "./text-vectors.js";

const DIMENSION = 4;
const words = Array.from({ length: 40 }, (_, index) => `word${index}`);
const captions = Array.from({ length: 30 }, (_, row) =>
  [0, 1, 2, 3, 4].map((place) => words[(row * 7 + place * 3) % words.length]).join(" "),
);
const training = Int32Array.from({ length: 24 }, (_, row) => row);

async function setUp(
  vectors: object,
): Promise<{ text: TextConfig; source: TextVectorsSource; cache: string }> {
  const folder = await temporaryFolder();
  const numbers = normals(words.length * DIMENSION, 1, 1);
  const lines = words.map(
    (word, row) => `${word} ${[...numbers.subarray(row * DIMENSION, (row + 1) * DIMENSION)].join(" ")}`,
  );
  await writeFile(join(folder, "words.txt"), `${lines.join("\n")}\n`);
  const text = textSchema.parse({ vectors, wordVectors: { file: "words.txt" } });
  const source = { cacheDirectory: folder, baseDirectory: folder, captions, training };
  return { text, source, cache: join(folder, "text-vectors") };
}

const rowOf = (rows: TextRows, row: number): Float32Array => {
  const target = rows.allocate(2) as Float32Array;
  rows.write(target, 1, row);
  return target.subarray(rows.length);
};

const kinds = [
  { vectors: { kind: "mean-words" }, dimension: DIMENSION },
  { vectors: { kind: "tf-idf", words: 25 }, dimension: 25 },
  { vectors: { kind: "fisher", centres: 3, components: "all" }, dimension: 2 * 3 * DIMENSION },
  { vectors: { kind: "fisher", centres: 3, components: 6, samples: 20 }, dimension: 6 },
];

describe("text vectors of a corpus", () => {
  it.each(kinds)("are a row a caption, kept between runs: $vectors", async ({ vectors, dimension }) => {
    const { text, source, cache } = await setUp(vectors);
    const tasks = new Set<string>();
    const options = { ...source, onProgress: ({ task }: { task: string }) => void tasks.add(task) };
    const config = text.vectors as NonNullable<TextConfig["vectors"]>;
    const first = await textVectorRows(config, text, options);
    expect(first.rows).toMatchObject({ kind: "vectors", count: 30, length: dimension });
    expect(tasks).toContain("text vectors");
    const values = captions.map((_, row) => [...rowOf(first.rows, row)]);
    expect(values.flat().every(Number.isFinite)).toBe(true);
    expect(new Set(values.map(String)).size).toBeGreaterThan(10);
    await first.close();
    tasks.clear();
    const again = await textVectorRows(config, text, options);
    expect(tasks.size).toBe(0);
    expect([...rowOf(again.rows, 29)]).toEqual(values[29]);
    await again.close();
    expect(await readdir(cache)).toHaveLength(2);
  });

  it.each(kinds)("of other captions are made by the kept fit, without a new one: $vectors", async (kind) => {
    const { text, source } = await setUp(kind.vectors);
    const config = text.vectors as NonNullable<TextConfig["vectors"]>;
    const first = await textVectorRows(config, text, source);
    const wanted = [...rowOf(first.rows, 3)];
    await first.close();
    // Four captions would be fitted to something else, or to nothing at all.
    const few = { ...source, captions: captions.slice(0, 4), training: Int32Array.of(0, 1) };
    const kept = { ...text, fitted: first.fitted };
    const again = await textVectorRows(config, kept, few);
    expect(again.fitted).toBe(first.fitted);
    const got = [...rowOf(again.rows, 3)];
    got.forEach((value, index) => expect(value).toBeCloseTo(wanted[index]!, 6));
    await again.close();
  });

  it("refuse a fit that another rule has made, and one that is damaged", async () => {
    const { text, source, cache } = await setUp({ kind: "tf-idf", words: 25 });
    const config = { kind: "tf-idf", words: 25 } as const;
    const { fitted, close } = await textVectorRows(config, text, source);
    await close();
    const kept = { ...text, fitted };
    await expectError(
      () => textVectorRows({ ...config, words: 20 }, kept, source),
      "VOCABULARY_MISMATCH",
      '"words":25',
      '"words":20',
    );
    const damaged = join(cache, "damaged.safetensors");
    await writeFile(damaged, "no header");
    await expectError(
      () => textVectorRows(config, { ...text, fitted: damaged }, source),
      "FILE_FORMAT",
      "has no readable header",
    );
  });

  it("are other ones for other captions", async () => {
    const { text, source, cache } = await setUp({ kind: "mean-words" });
    const config = { kind: "mean-words", normalise: true } as const;
    await (await textVectorRows(config, text, source)).close();
    await (await textVectorRows(config, text, { ...source, captions: [...captions].reverse() })).close();
    expect(await readdir(cache)).toHaveLength(4);
  });

  it("leave no file behind where they were stopped", async () => {
    const { text, source, cache } = await setUp({ kind: "mean-words" });
    const stopped = { ...source, signal: AbortSignal.abort(new Error("stopped")) };
    await expect(textVectorRows({ kind: "mean-words", normalise: true }, text, stopped)).rejects.toThrow(
      "stopped",
    );
    expect(await readdir(cache)).toEqual([]);
  });

  it("tell what they need", async () => {
    const { source } = await setUp({ kind: "mean-words" });
    const config = { kind: "mean-words", normalise: true } as const;
    await expectError(
      () => textVectorRows(config, textSchema.parse({}), source),
      "OPTION",
      "needs text.wordVectors",
    );
    const few = await setUp({ kind: "fisher", centres: 60 });
    await expectError(
      () => textVectorRows(few.text.vectors as never, few.text, few.source),
      "OPTION",
      "40 words of the training captions have a vector, at least 60",
    );
  });
});
