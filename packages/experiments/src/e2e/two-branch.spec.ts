import { readFileSync, writeFileSync } from "node:fs";
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
  const published = `report:
  published:
    - { name: two branch, split: test, imageToText: [40.3, 68.9, 79.9], source: paper B }
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

describe("a two-branch experiment", () => {
  it("is trained, evaluated and shown beside the paper's row", async () => {
    const rows = join(bench.folder, "rows.json");
    const { exitCode, output } = await bench.run("reproduce", writeTwoBranch(), "--offline", "--json", rows);
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/two branch\s+paper\s+40\.3\s+68\.9\s+79\.9\s+-/);
    const [measured, paper] = JSON.parse(readFileSync(rows, "utf8")) as Record<string, unknown>[];
    expect(measured).toMatchObject({ name: "two branch", seed: 1, split: "tiny shapes/test" });
    expect(paper).toMatchObject({ name: "two branch", seed: "paper", source: "paper B" });
  });
});
