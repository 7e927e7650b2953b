import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment, writeTinyCorpus } from "../testing/tiny-corpus.js";
import { workspace } from "../workspace/root.js";
import { explainCommand } from "./explain.js";

const BYTES_PER_NUMBER = 4;

async function explained(change: (text: string) => string = (text) => text) {
  const folder = temporaryDirectory();
  await writeTinyCorpus(folder);
  const config = join(folder, "tiny.yaml");
  writeFileSync(config, change(tinyExperiment(folder)));
  const output = new PassThrough();
  const context = {
    workspace: { ...workspace(), local: join(folder, "local") },
    output: output as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  };
  const costs = await explainCommand({ config }, context);
  return { costs, text: String(output.read()) };
}

describe("explaining an experiment", () => {
  it("tells steps, parameters, FLOPs and bytes of every stage before anything runs", async () => {
    const { costs, text } = await explained();
    expect(costs.map(({ stage, epochs, steps, batchSize }) => [stage, epochs, steps, batchSize])).toEqual([
      ["stage-I", 2, 6, 8],
      ["stage-II", 2, 6, 8],
    ]);
    for (const { parameters, learnt, flops, arenaBytes, storeBytes, peakBytes } of costs) {
      expect(learnt).toBeLessThanOrEqual(parameters);
      expect(flops).toBeGreaterThan(0);
      // Momentum doubles what learns.
      expect(storeBytes).toBeGreaterThanOrEqual(BYTES_PER_NUMBER * (parameters + learnt));
      expect(peakBytes).toBeGreaterThan(storeBytes + arenaBytes);
      expect(text).toContain(String(arenaBytes));
    }
    expect(text).toContain("Steps in all: 12");
  });

  it("counts a sampled classifier's centres and their momentum as those of one in the Store", async () => {
    const withClassifier = (classifier: string) =>
      explained((text) =>
        text.replace("  embedding: 16\n", `  embedding: 16\n  classifier: ${classifier}\n`),
      );
    const whole = await withClassifier("{ bias: false }");
    const sampled = await withClassifier("{ bias: false, sampled: 16 }");
    const sizes = ({ costs }: typeof whole) =>
      costs.map(({ parameters, learnt, storeBytes }) => [parameters, learnt, storeBytes]);
    expect(sizes(sampled)).toEqual(sizes(whole));
  });

  it("does not load the native addon, which is the trials' business alone", async () => {
    await explained();
    const report = process.report.getReport() as { sharedObjects?: readonly string[] };
    expect(report.sharedObjects?.length).toBeGreaterThan(0);
    expect(report.sharedObjects?.filter((file) => file.includes("dualpath.node"))).toEqual([]);
  });

  it("tells how products are computed, and why so where the device lacks what was asked for", async () => {
    const plain = await explained();
    expect(plain.text).toContain(" words, f32\n");
    const { text, costs } = await explained((config) => `${config}device: cpu\nprecision: tf32\n`);
    expect(text).toContain(" words, f32 (tf32 was asked for: cpu: expected a CUDA device");
    expect(costs).toEqual(plain.costs);
    process.env["DUALPATH_BF16"] = "widen";
    const narrow = await explained((config) => `${config}device: cpu\nprecision: bf16\n`);
    delete process.env["DUALPATH_BF16"];
    expect(narrow.text).toContain(" words, bf16\n");
    expect(narrow.costs[0]!.arenaBytes).toBeLessThan(plain.costs[0]!.arenaBytes);
  });
});
