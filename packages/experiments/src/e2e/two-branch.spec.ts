import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandBench, type CommandBench } from "../testing/command.js";
import { tinyExperiment } from "../testing/tiny-corpus.js";

let bench: CommandBench;
beforeAll(async () => void (bench = await commandBench()));
afterAll(() => bench.remove());

/** Paper B's recipe on the tiny corpus: tf-idf vectors, two captions of each picture, its four families of triplets. */
function writeTwoBranch(): string {
  const file = join(bench.folder, "two-branch.yaml");
  const published = `expected: { images: 29783, classes: 24, vocabulary: 0 }
report:
  published:
    - { name: two branch, split: tiny shapes/test, imageToText: [40.3, 68.9, 79.9], source: paper B }
`;
  const text = tinyExperiment(bench.corpus, published)
    .replace(
      "text: { length: 8 }",
      "text: { vectors: { kind: tf-idf, words: 13 } }\n  sampling: { distinctClasses: true }",
    )
    .replace(/ {2}text: \{ kind: text-cnn.*\n/, "  text: { kind: vector, dimension: 13 }\n")
    .replace(
      "  embedding: 16\n",
      "  embedding: 16\n  head: { imageHidden: 32, textHidden: 32, hidden: relu, output: batch-norm, dropout: 0 }\n  classifier: none\n",
    )
    .replace(
      /curriculum:\n[^]*evaluation:/,
      `curriculum:
  - name: two-branch
    epochs: 6
    batchSize: 8
    neighbours: { images: 1, texts: 2 }
    losses: { structure: { margin: 0.1, violations: 5, texts: 0.1 } }
    optimizer: { kind: adam }
    learningRate: 0.005
evaluation:`,
    );
  writeFileSync(file, text);
  return file;
}

/** The tiny corpus in Flickr8k's layout; `captions` changes its training captions. */
function writeFlickr8k(name: string, captions: (line: string) => string = (line) => line): string {
  const folder = join(bench.folder, name);
  cpSync(join(bench.corpus, "images"), join(folder, "Images"), { recursive: true });
  const listed = (split: string): string => readFileSync(join(bench.corpus, `${split}.txt`), "utf8");
  for (const [split, list] of [
    ["train", "train"],
    ["validation", "dev"],
    ["test", "test"],
  ] as const)
    writeFileSync(join(folder, `Flickr_8k.${list}Images.txt`), listed(split));
  const training = new Set(listed("train").split("\n"));
  const lines = readFileSync(join(bench.corpus, "captions.csv"), "utf8").trimEnd().split("\n");
  const changed = lines.map((line) => (training.has(line.split(",")[0] ?? "") ? captions(line) : line));
  writeFileSync(join(folder, "captions.txt"), `${changed.join("\n")}\n`);
  return folder;
}

describe("a two-branch experiment", () => {
  it("is trained, evaluated and shown beside the paper's row", async () => {
    const rows = join(bench.folder, "rows.json");
    const { exitCode, output } = await bench.run("reproduce", writeTwoBranch(), "--offline", "--json", rows);
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/two branch\s+paper\s+40\.3\s+68\.9\s+79\.9\s+-/);
    // Before the training, and below the table that has the paper's row.
    const warning = /WARNING: tiny: .*\n {2}training images: 29,783 expected, 24 found\nWhat/g;
    expect(output.match(warning)).toHaveLength(2);
    const [measured, paper] = JSON.parse(readFileSync(rows, "utf8")) as Record<string, unknown>[];
    expect(measured).toMatchObject({ name: "two branch", seed: 1, split: "tiny shapes/test" });
    expect(paper).toMatchObject({ name: "two branch", seed: "paper", source: "paper B" });
  });

  it("reads other folders' captions by the text transform that it was trained with", async () => {
    const folder = writeFlickr8k("flickr8k");
    const file = join(bench.folder, "elsewhere.yaml");
    const corpus = `corpus:
  kind: flickr8k
  directory: ${folder}
  image: { size: 32, crop: none }
  text: { vectors: { kind: tf-idf, words: 13 } }
  sampling: { distinctClasses: true }
model:`;
    const text = readFileSync(writeTwoBranch(), "utf8").replace(/corpus:\n[^]*model:/, corpus);
    writeFileSync(
      file,
      text.replace("name: tiny", "name: elsewhere").replace("tiny shapes/test", "flickr8k-lists/test"),
    );
    const trained = await bench.run("train", "--config", file, "--offline");
    expect(trained.exitCode, trained.output).toBe(0);
    const runs = join(bench.runs, "elsewhere");
    const [trial] = readdirSync(runs).filter((name) => /^[0-9a-f]{12}$/.test(name));
    const evaluate = async (data: string) => {
      const rows = join(bench.folder, "evaluated.json");
      const options = ["--checkpoint", join(runs, trial ?? ""), "--data", data, "--split", "test"];
      const { exitCode, output } = await bench.run("evaluate", ...options, "--json", rows);
      expect(exitCode, output).toBe(0);
      return JSON.parse(readFileSync(rows, "utf8")) as unknown;
    };
    // Fitted again, other words would have other places and weights, and some no place at all.
    const others = writeFlickr8k("others", (line) => line.replace(/,.*/, ",a red and orange circle"));
    expect(await evaluate(others)).toEqual(await evaluate(folder));
  });
});
