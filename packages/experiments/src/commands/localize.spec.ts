import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { tinyLocalization, writeTinyEntities, writeTinyTrunk } from "../testing/tiny-entities.js";
import { workspace } from "../workspace/root.js";
import { commandLine } from "./program.js";

const PAPER = { name: "the paper", recalls: [50, 60, 70], source: "a table" };

/** The tiny config as a preset has it: paths below a data folder that is named on the command line. */
function preset(split = "flickr30k-entities/test") {
  const config = tinyLocalization("nowhere");
  const from = "the project's page";
  return {
    ...config,
    regions: { ...config.regions, weights: "trunk.safetensors" },
    requires: [
      { path: "Sentences", what: "captions with marked phrases", from },
      { path: "trunk.safetensors", what: "the trunk", from },
    ],
    published: [{ ...PAPER, split }],
  };
}

const folder = mkdtempSync(join(tmpdir(), "dualpath-"));
const data = join(folder, "data");
const file = join(folder, "tiny.yaml");
const place = { ...workspace(), local: join(folder, "local"), runs: join(folder, "runs") };
const run = join(place.runs, "reproduce-tiny");

async function command(...parameters: string[]): Promise<string> {
  const output = new PassThrough();
  const { signal } = new AbortController();
  const context = { workspace: place, output: output as unknown as NodeJS.WriteStream, signal };
  await commandLine(context).parseAsync(parameters, { from: "user" });
  return String(output.read());
}

beforeAll(async () => {
  await writeTinyEntities(data, { train: 24, test: 6 });
  await writeTinyTrunk(join(data, "trunk.safetensors"));
  writeFileSync(file, stringify(preset()));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("reproducing phrase localization", () => {
  it("prints the measured rows, the paper's and those of every type, and writes them as JSON", async () => {
    const json = join(folder, "rows.json");
    const text = await command("reproduce", file, "--data", data, "--json", json);
    expect(text).toMatch(/ranked by +R@1 +R@5 +R@10 +oracle +mentions +seconds +split/);
    const line = (name: string) => text.split("\n").findLast((row) => row.startsWith(name)) ?? "";
    for (const name of ["normalised CCA", "pairs", "hard"])
      expect(line(name)).toMatch(/ 100\.00 +100\.00 +100\.00 +24 +\d+ +flickr30k-entities\/test$/);
    expect(line("the paper")).toMatch(/50\.00 +60\.00 +70\.00 .*flickr30k-entities\/test \(a table\)$/);
    expect(line("type (hard)")).not.toBe("");
    expect(line("clothing")).toMatch(/ 12$/);
    const rows = JSON.parse(readFileSync(json, "utf8")) as { name: string; recalls?: unknown }[];
    expect(rows.map(({ name }) => name)).toEqual(["normalised CCA", "pairs", "hard", "the paper"]);
    expect(rows.at(-1)?.recalls).toEqual(PAPER.recalls);
    expect(readFileSync(join(run, "config.yaml"), "utf8")).toContain("task: phrase-localization");
    const measured = await command("reproduce", file, "--data", data);
    expect(measured).not.toContain("epoch");
    expect(measured).toMatch(/hard +\d+\.\d+ +100\.00/);
  });

  it("starts over with --fresh, on weights that --weights names", async () => {
    const own = join(folder, "own.safetensors");
    await writeTinyTrunk(own);
    rmSync(join(data, "trunk.safetensors"));
    const again = ["reproduce", file, "--data", data];
    await expect(command(...again)).rejects.toMatchObject({
      code: "DATA_MISSING",
      message: expect.stringMatching(/trunk\.safetensors: the trunk\n +from the project's page\n.*--data/),
    });
    await expect(command(...again, "--weights", own)).rejects.toMatchObject({
      code: "DIRECTORY",
      message: expect.stringMatching(/holds a run with other regions than now.*--fresh/),
    });
    const text = await command(...again, "--weights", own, "--fresh");
    expect(text).toContain(`The earlier run was moved to ${run}.1`);
    await writeTinyTrunk(join(data, "trunk.safetensors"));
    expect(existsSync(join(`${run}.1`, "hard", "stage-hard.safetensors"))).toBe(true);
    expect(text).toContain("pairs: epoch 12 of 12");
    expect(readFileSync(join(run, "config.yaml"), "utf8")).toContain(own);
  });

  it("refuses a paper's row of another split, and options that mean nothing to it", async () => {
    const other = join(folder, "other.yaml");
    writeFileSync(other, stringify(preset("flickr30k-entities/validation")));
    await expect(command("reproduce", other, "--data", data)).rejects.toMatchObject({
      code: "SPLIT_MISMATCH",
    });
    await expect(command("reproduce", file, "--offline", "--jobs", "2")).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/^--offline and --jobs: .*Leave the option out/),
    });
  });
});

describe("other commands on phrase localization", () => {
  it("explain says what both stages cost, with the steps where the entities are there", async () => {
    const text = await command("explain", "--config", file, "--data", data);
    // 24 images with two boxes, each meant by two phrases; six colours of a thing, a one and a square.
    expect(text).toContain("96 pairs of 18 phrases and 48 boxes");
    expect(text).toMatch(/pairs +12 +144 +8 /);
    expect(text).toMatch(/hard +2 +24 +8 /);
    expect(text).toContain("Steps in all: 168");
    const without = await command("explain", "--config", "paper-b/entities", "--data", "nowhere");
    expect(without).toMatch(/regions-and-phrases +30 +\? +1500 +\d{8} /);
    expect(without).toContain("Steps in all: ?");
  });

  it.each(["train", "sweep", "baseline"])("%s names the command that takes it", async (name) => {
    await expect(command(name, "--config", file)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("experiments:reproduce trains and measures it"),
    });
  });

  it("evaluate names it too, for the run and for a stage of it", async () => {
    for (const checkpoint of [run, join(run, "hard", "stage-hard.safetensors")])
      await expect(command("evaluate", "--checkpoint", checkpoint)).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining("a finished run only measures"),
      });
  });
});
