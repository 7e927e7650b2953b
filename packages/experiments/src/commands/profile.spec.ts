import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment, writeTinyCorpus } from "../testing/tiny-corpus.js";
import { workspace } from "../workspace/root.js";
import { profileCommand } from "./profile.js";

it("times every node of every stage beside the machine's ceilings, and writes what it prints", async () => {
  const folder = temporaryDirectory();
  await writeTinyCorpus(folder);
  const [config, json] = [join(folder, "tiny.yaml"), join(folder, "profile.json")];
  writeFileSync(config, tinyExperiment(folder));
  const output = new PassThrough();
  const context = {
    workspace: { ...workspace(), local: join(folder, "local") },
    output: output as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  };
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
