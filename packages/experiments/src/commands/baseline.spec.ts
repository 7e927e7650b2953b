import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment, writeTinyCorpus } from "../testing/tiny-corpus.js";
import { onTinyFeatures, writeTinyTrunk } from "../testing/tiny-trunk.js";
import { workspace } from "../workspace/root.js";
import { baselineCommand } from "./baseline.js";

async function writeConfig(change: (pixels: string, weights: string) => string) {
  const folder = temporaryDirectory();
  const weights = join(folder, "trunk.safetensors");
  await writeTinyCorpus(folder);
  await writeTinyTrunk(weights);
  const config = join(folder, "tiny.yaml");
  writeFileSync(config, change(tinyExperiment(folder), weights));
  const output = new PassThrough() as unknown as NodeJS.WriteStream;
  const place = { ...workspace(), local: join(folder, "local") };
  return { folder, config, context: { workspace: place, output, signal: new AbortController().signal } };
}

/** Features of the tiny trunk and tf-idf vectors in place of pictures and words. */
const vectors = (pixels: string, weights: string): string =>
  onTinyFeatures(pixels, weights)
    .replace("text: { length: 8 }", "text: { vectors: { kind: tf-idf, words: 13 } }")
    .replace(/ {2}text: \{ kind: text-cnn.*\n/, "  text: { kind: vector, dimension: 13 }\n");

it("relates features and text vectors of a config, and scores both comparisons on the split", async () => {
  const { folder, config, context } = await writeConfig(vectors);
  const json = join(folder, "rows.json");
  const rows = await baselineCommand({ config, dimensions: 3, split: "train", json }, context);
  expect(rows.map(({ name, split }) => [name, split])).toEqual([
    ["CCA", "tiny shapes/train"],
    ["normalised CCA", "tiny shapes/train"],
  ]);
  expect(JSON.parse(readFileSync(json, "utf8"))).toEqual(rows);
  const [plain, normalised] = rows.map(({ rsum }) => rsum);
  expect(plain).not.toBe(normalised);
  // Chance is 22 of 100 at R@10 both ways, 36 for all six recalls.
  for (const { rsum } of rows) expect(rsum).toBeGreaterThan(100);
});

it("refuses pictures and words, and says what to take", async () => {
  const { config, context } = await writeConfig((pixels) => pixels);
  await expect(baselineCommand({ config }, context)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/images are \[32, 32, 3\] and texts are words.*corpus\.text\.vectors/s),
  });
});
