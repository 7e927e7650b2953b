import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment, writeTinyCorpus } from "../testing/tiny-corpus.js";
import { onTinyFeatures, writeTinyTrunk } from "../testing/tiny-trunk.js";
import { workspace } from "../workspace/root.js";
import type { CommandContext } from "./experiment-run.js";
import { profileCommand } from "./profile.js";

interface Bench {
  readonly folder: string;
  readonly config: string;
  readonly output: PassThrough;
  readonly context: CommandContext;
}

async function bench(change: (pixels: string, folder: string) => string): Promise<Bench> {
  const folder = temporaryDirectory();
  await writeTinyCorpus(folder);
  const config = join(folder, "tiny.yaml");
  writeFileSync(config, change(tinyExperiment(folder), folder));
  const output = new PassThrough();
  const context = {
    workspace: { ...workspace(), local: join(folder, "local") },
    output: output as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  };
  return { folder, config, output, context };
}

it("times every node of every stage beside the machine's ceilings, and writes what it prints", async () => {
  const { folder, config, output, context } = await bench((pixels) => pixels);
  const json = join(folder, "profile.json");
  const profiles = await profileCommand({ config, steps: 2, nodes: 3, json }, context);
  expect(profiles.map(({ stage }) => stage)).toEqual(["stage-I", "stage-II"]);
  for (const { nodes, roofline } of profiles) {
    expect(roofline.gigaflops).toBeGreaterThan(1);
    expect(roofline.gigabytes).toBeGreaterThan(0.1);
    expect(new Set(nodes.map(({ pass }) => pass))).toEqual(new Set(["forward", "backward", "update"]));
    for (const { milliseconds, reorderMilliseconds, traffic } of nodes) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(reorderMilliseconds).toBeLessThanOrEqual(milliseconds);
      expect(traffic).toBeGreaterThan(0);
    }
  }
  expect(JSON.parse(readFileSync(json, "utf8"))).toEqual(JSON.parse(JSON.stringify(profiles)));
  const text = String(output.read());
  expect(text).toMatch(
    /stage stage-I: [\d.]+ ms a step, [\d.]+ GFLOP\/s, [\d.]+ GB\/s, [\d.]+ % in reorders/,
  );
  expect(text).toMatch(/forward image\.trunk +\d+ /);
});

it("times a model of features on those of the frozen trunk, whose weights may lie elsewhere", async () => {
  const { folder, config, context } = await bench((pixels) =>
    onTinyFeatures(pixels, "elsewhere.safetensors"),
  );
  await expect(profileCommand({ config, steps: 1 }, context)).rejects.toMatchObject({
    code: "DATA_MISSING",
    message: expect.stringMatching(/elsewhere\.safetensors.*--weights/),
  });
  const weights = join(folder, "trunk.safetensors");
  await writeTinyTrunk(weights);
  const profiles = await profileCommand({ config, weights, steps: 1 }, context);
  expect(profiles.map(({ stage }) => stage)).toEqual(["stage-I", "stage-II"]);
  const head = profiles[0]!.nodes.find(({ name }) => name.startsWith("image.head"));
  expect(head).toMatchObject({ pass: "forward" });
  expect(profiles[0]!.nodes.filter(({ name }) => name.includes("image.trunk"))).toEqual([]);
});

it("lists what to download where the data are missing", async () => {
  const { folder, config, context } = await bench((pixels, place) => {
    const required = { path: join(place, "gone.csv"), what: "captions", from: "https://shapes.example" };
    return `${pixels.replace("captions.csv", "gone.csv")}requires: ${JSON.stringify([required])}\n`;
  });
  await expect(profileCommand({ config }, context)).rejects.toMatchObject({
    code: "DATA_MISSING",
    message: expect.stringMatching(/captions\n +from https:\/\/shapes\.example/),
    details: { missing: [join(folder, "gone.csv")] },
  });
});
