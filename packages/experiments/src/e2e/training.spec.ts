import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readJournal } from "@dualpath/mlflow-ts-client";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJournal as readLines } from "../process/journal.js";
import { replay, sweepEntrySchema } from "../sweep/journal.js";
import { trialDirectory, type TrialDirectory } from "../sweep/directory.js";
import { commandBench, type CommandBench, type RunningCommand } from "../testing/command.js";
import { readResult } from "../trial/result.js";

const EPOCHS = 12;

let bench: CommandBench;
let reference: TrialDirectory;

const onlyTrial = (name: string): TrialDirectory => {
  const folder = join(bench.runs, name);
  const [trial] = [...replay(readLines(join(folder, "sweep.jsonl"), sweepEntrySchema)).trials.keys()];
  return trialDirectory(join(folder, trial ?? "none"));
};

const metricPoints = (directory: TrialDirectory): string[] =>
  readJournal(directory.path).flatMap((entry) =>
    entry.kind === "metrics"
      ? Object.entries(entry.values)
          .filter(([key]) => /^(train\/loss|val\/.*r\d+|val\/rsum)/.test(key))
          .map(([key, value]) => `${entry.step} ${key} ${value}`)
      : [],
  );

async function trialStep(running: RunningCommand, name: string, step: number): Promise<number> {
  for (;;) {
    if (running.child.exitCode !== null) throw new Error(running.output());
    const record = existsSync(join(bench.runs, name, "sweep.jsonl")) ? onlyTrial(name) : undefined;
    const reached =
      record !== undefined &&
      existsSync(record.journal) &&
      metricPoints(record).some((line) => Number(line.split(" ")[0]) >= step);
    if (reached) return processOf(name);
    await sleep(20);
  }
}

function processOf(name: string): number {
  const { trials } = replay(readLines(join(bench.runs, name, "sweep.jsonl"), sweepEntrySchema));
  return [...trials.values()][0]?.owner?.pid ?? -1;
}

function expectSameAsReference(directory: TrialDirectory): void {
  const [result, wanted] = [readResult(directory.result), readResult(reference.result)];
  expect(result?.metrics).toEqual(wanted?.metrics);
  expect([...new Set(metricPoints(directory))].sort()).toEqual(metricPoints(reference).sort());
  expect(metricPoints(directory)).toHaveLength(new Set(metricPoints(directory)).size);
  for (const file of readdirSync(reference.checkpoints)) {
    const bytes = (place: TrialDirectory) => readFileSync(join(place.checkpoints, file));
    expect(bytes(directory).equals(bytes(reference)), file).toBe(true);
  }
}

beforeAll(async () => {
  bench = await commandBench();
  const config = bench.writeConfig("whole", "tracking: { kind: none, logEvery: 1 }\n", EPOCHS);
  const { exitCode, output } = await bench.run("train", "--config", config);
  expect(exitCode, output).toBe(0);
  reference = onlyTrial("whole");
});

afterAll(() => bench.remove());

describe("a trial", () => {
  it("leaves config, seed, versions, journal, checkpoints, report, card, picture and result", async () => {
    const files = readdirSync(reference.path);
    for (const file of [
      "config.yaml",
      "seed",
      "versions.json",
      "journal.jsonl",
      "checkpoints",
      "report.md",
      "model-card.md",
      "vocabulary.json",
    ]) {
      expect(files).toContain(file);
    }
    expect(readFileSync(reference.seed, "utf8")).toBe("1\n");
    expect(JSON.parse(readFileSync(reference.versions, "utf8"))).toMatchObject({
      node: process.version,
      threads: 1,
    });
    expect((await sharp(reference.picture).metadata()).format).toBe("png");
    const rows = readResult(reference.result)?.rows.map(({ name, split }) => `${name}: ${split}`);
    expect(rows).toEqual(["stage I: tiny shapes/test", "stage II: tiny shapes/test"]);
  });

  it("gives the same bits when it is run again from the beginning", async () => {
    const { exitCode, output } = await bench.run(
      "train",
      "--config",
      join(bench.folder, "whole.yaml"),
      "--fresh",
    );
    expect(exitCode, output).toBe(0);
    const [aside] = readdirSync(bench.runs).filter((name) => name.startsWith("whole."));
    const again = onlyTrial("whole");
    reference = trialDirectory(again.path.replace(join(bench.runs, "whole"), join(bench.runs, aside ?? "")));
    expectSameAsReference(again);
  });

  it("gives the same bits and the same curves when its process was killed with SIGKILL", async () => {
    const config = bench.writeConfig("killed", "tracking: { kind: none, logEvery: 1 }\n", EPOCHS);
    const running = bench.start("train", "--config", config);
    process.kill(await trialStep(running, "killed", 5), "SIGKILL");
    const { exitCode, output } = await running.ended;
    expect(exitCode, output).toBe(0);
    expect(output).toContain("it is tried again");
    expectSameAsReference(onlyTrial("killed"));
  });

  it("gives the same bits when the whole command was killed with SIGKILL and given again", async () => {
    const config = bench.writeConfig("orphaned", "tracking: { kind: none, logEvery: 1 }\n", EPOCHS);
    for (const step of [4, 40]) {
      const running = bench.start("train", "--config", config);
      await trialStep(running, "orphaned", step);
      running.child.kill("SIGKILL");
      await running.ended;
    }
    const { exitCode, output } = await bench.run("train", "--config", config);
    expect(exitCode, output).toBe(0);
    expectSameAsReference(onlyTrial("orphaned"));
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "stops on %s with exit code %i, leaves a checkpoint, and goes on from it to the same bits",
    async (name, code) => {
      const config = bench.writeConfig(name, "tracking: { kind: none, logEvery: 1 }\n", EPOCHS);
      const running = bench.start("train", "--config", config);
      const trial = await trialStep(running, name, 7);
      running.child.kill(name);
      expect(await running.ended).toMatchObject({ exitCode: code });
      expect(() => process.kill(trial, 0)).toThrow();
      expect(existsSync(join(onlyTrial(name).checkpoints, "last.safetensors"))).toBe(true);
      const { exitCode, output } = await bench.run("train", "--config", config);
      expect(exitCode, output).toBe(0);
      expectSameAsReference(onlyTrial(name));
    },
  );
});

describe("reproducing a preset", () => {
  it("writes a row for every stage and seed, and their means, in the agreed form", async () => {
    const sweep = `sweep:
  space:
    seed: { variants: { "0": { seed: 0 }, "1": { seed: 1 } } }
  parallel: 2
tracking: { kind: none }
`;
    const json = join(bench.folder, "table.json");
    const { exitCode, output } = await bench.run(
      "reproduce",
      bench.writeConfig("preset", sweep, 1),
      "--json",
      json,
    );
    expect(exitCode, output).toBe(0);
    const rows = JSON.parse(readFileSync(json, "utf8")) as Record<string, unknown>[];
    expect(rows.map(({ name, seed }) => `${String(name)} ${String(seed)}`)).toEqual(
      ["stage I", "stage II"].flatMap((stage) => ["0", "1", "mean"].map((seed) => `${stage} ${seed}`)),
    );
    const recalls = { r1: expect.any(Number), r5: expect.any(Number), r10: expect.any(Number) };
    const split = "tiny shapes/test";
    for (const row of rows) {
      expect(row).toEqual({
        ...row,
        split,
        imageToText: recalls,
        textToImage: recalls,
        seconds: expect.any(Number),
      });
    }
    expect(existsSync(join(bench.runs, "reproduce-preset", "sweep.jsonl"))).toBe(true);
  });
});

describe("evaluating a checkpoint", () => {
  it("finds the recalls that the trial reported", async () => {
    const json = join(bench.folder, "rows.json");
    const { exitCode, output } = await bench.run(
      "evaluate",
      "--checkpoint",
      reference.path,
      "--split",
      "test",
      "--json",
      json,
    );
    expect(exitCode, output).toBe(0);
    const [row] = JSON.parse(readFileSync(json, "utf8")) as { imageToText: object; textToImage: object }[];
    const last = readResult(reference.result)?.rows.at(-1);
    expect(row).toMatchObject({ imageToText: last?.imageToText, textToImage: last?.textToImage });
  });

  it("stands beside rows of the same split, and refuses those of another", async () => {
    const file = join(bench.folder, "earlier.json");
    const evaluate = ["evaluate", "--checkpoint", reference.path, "--split"];
    expect((await bench.run(...evaluate, "test", "--json", file)).exitCode).toBe(0);
    const same = await bench.run(...evaluate, "test", "--against", file);
    expect(same.exitCode, same.output).toBe(0);
    expect(same.output.match(/^all .* tiny shapes\/test$/gm)).toHaveLength(2);
    const other = await bench.run(...evaluate, "validation", "--against", file);
    expect(other.exitCode).toBe(1);
    expect(other.output).toMatch(
      /on tiny shapes\/validation, 'all' on tiny shapes\/test: numbers of different splits/,
    );
    const none = await bench.run(...evaluate, "test", "--against", "published");
    expect(none.output).toMatch(/--against published: the trial's config has no report\.published rows/);
  });

  it("refuses a checkpoint of another model and names the difference", async () => {
    const other = trialDirectory(join(bench.folder, "other"));
    copyTrial(reference, other);
    writeFileSync(other.config, readFileSync(other.config, "utf8").replace("embedding: 16", "embedding: 32"));
    const { exitCode, output } = await bench.run("evaluate", "--checkpoint", other.path);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/checkpoint of another model: model\.embedding: expected 32, got 16/);
  });

  it("refuses the vocabulary of another corpus", async () => {
    const other = trialDirectory(join(bench.folder, "words"));
    copyTrial(reference, other);
    const captions = join(bench.folder, "other.csv");
    writeFileSync(
      captions,
      readFileSync(join(bench.corpus, "captions.csv"), "utf8").replaceAll("the ", "this "),
    );
    writeFileSync(
      other.config,
      readFileSync(other.config, "utf8").replace(join(bench.corpus, "captions.csv"), captions),
    );
    const { exitCode, output } = await bench.run("evaluate", "--checkpoint", other.path);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/vocabulary .* is of another corpus/);
  });

  it("refuses to resume a trial whose corpus has got another vocabulary", async () => {
    const config = bench.writeConfig("changed", "tracking: { kind: none }\n", 1);
    expect((await bench.run("train", "--config", config)).exitCode).toBe(0);
    const trial = onlyTrial("changed");
    rmSync(trial.result);
    const journal = join(bench.runs, "changed", "sweep.jsonl");
    writeFileSync(journal, readFileSync(journal, "utf8").split("\n").slice(0, 3).join("\n") + "\n");
    const captions = join(bench.corpus, "captions.csv");
    const text = readFileSync(captions, "utf8");
    writeFileSync(captions, text.replaceAll("the ", "this "));
    const { exitCode, output } = await bench.run("train", "--config", config);
    writeFileSync(captions, text);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/vocabulary .* is of another corpus/);
  });
});

function copyTrial(from: TrialDirectory, to: TrialDirectory): void {
  cpSync(from.path, to.path, { recursive: true });
}
