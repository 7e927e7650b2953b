import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { isAlive } from "../process/identity.js";
import { readJournal } from "../process/journal.js";
import { uniform01 } from "../space/samplers.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { replay, sweepEntrySchema } from "./journal.js";

const driver = fileURLToPath(new URL("../testing/sweep-driver.mjs", import.meta.url));
const STEPS = 12;
const CONFIG = (behaviour: string) => `name: killed
seed: 3
training: { learningRate: 1, steps: ${STEPS}, milliseconds: 25, behaviour: ${behaviour} }
tracking: { kind: none }
sweep:
  space: { training.learningRate: [1, 2, 3] }
  parallel: 2
  retries: 1
`;

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<unknown>;
}

function start(directory: string, ...options: string[]): Running {
  const child = spawn(process.execPath, [driver, join(directory, "c.yaml"), directory, ...options]);
  let output = "";
  const keep = (chunk: unknown): void => void (output += String(chunk));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return { child, output: () => output, ended: once(child, "close") };
}

const journal = (directory: string) =>
  readJournal(join(directory, "killed", "sweep.jsonl"), sweepEntrySchema);
const table = (directory: string): string => readFileSync(join(directory, "killed", "table.md"), "utf8");
const trials = (directory: string): string[] => [...replay(journal(directory)).trials.keys()];

function livingTrials(directory: string): number[] {
  return [...replay(journal(directory)).trials.values()].flatMap(({ owner }) =>
    owner !== undefined && isAlive(owner) ? [owner.pid] : [],
  );
}

// Every step counts once, but for those after the last checkpoint of an attempt that was killed.
function expectNothingRepeated(directory: string): void {
  for (const id of trials(directory)) {
    const lines = readFileSync(join(directory, "killed", id, "work.log"), "utf8")
      .trim()
      .split("\n");
    expect(lines.filter((line) => line === "finished")).toHaveLength(1);
    const attempts = lines.filter((line) => line.startsWith("attempt")).length;
    const steps = lines.filter((line) => line.startsWith("step"));
    expect(new Set(steps).size).toBe(STEPS);
    expect(steps.length - STEPS).toBeLessThanOrEqual(2 * (attempts - 1));
  }
}

function write(directory: string, behaviour = "good"): string {
  writeFileSync(join(directory, "c.yaml"), CONFIG(behaviour));
  return directory;
}

let expected = "";

beforeAll(async () => {
  if (!existsSync(new URL("../../dist/sweep/sweep.js", import.meta.url)))
    throw new Error("build the package first");
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const directory = write(mkdtempSync(join(tmpdir(), "dualpath-")));
  await start(directory).ended;
  expected = table(directory);
  rmSync(directory, { recursive: true });
  expect(expected).toContain("finished");
});

describe("a sweep killed with SIGKILL at a random moment", () => {
  it.each([1, 2, 3])("goes on to the same table and runs no finished trial again (seed %i)", async (seed) => {
    const directory = write(temporaryDirectory());
    for (let kill = 0; kill < 2; kill++) {
      const running = start(directory);
      await sleep(300 + uniform01(seed, kill, "moment") * 800);
      running.child.kill("SIGKILL");
      await running.ended;
    }
    const last = start(directory);
    await last.ended;
    expect(last.child.exitCode, last.output()).toBe(0);
    expect(table(directory)).toBe(expected);
    expectNothingRepeated(directory);
    expect(livingTrials(directory)).toEqual([]);
  });

  it("stops an orphaned trial that did not notice, before it goes on itself", async () => {
    const directory = write(temporaryDirectory(), "deaf");
    const running = start(directory);
    while (livingTrials(directory).length < 2) await sleep(20);
    const orphans = livingTrials(directory);
    running.child.kill("SIGKILL");
    await running.ended;
    expect(livingTrials(directory)).toEqual(orphans);
    const last = start(directory);
    await last.ended;
    expect(last.child.exitCode, last.output()).toBe(0);
    expectNothingRepeated(directory);
  });
});

describe("a trial killed with SIGKILL at a random moment", () => {
  it.each([1, 2])("is resumed, by the same sweep or by the same command again (seed %i)", async (seed) => {
    const directory = write(temporaryDirectory());
    let running = start(directory);
    for (let kill = 0; kill < 4 && running.child.exitCode === null; kill++) {
      await sleep(100 + uniform01(seed, kill, "moment") * 150);
      for (const pid of livingTrials(directory).slice(0, 1)) process.kill(pid, "SIGKILL");
    }
    await running.ended;
    if (running.child.exitCode !== 0) {
      expect(running.output()).toContain("run the same command again");
      running = start(directory);
      await running.ended;
    }
    expect(running.child.exitCode, running.output()).toBe(0);
    expect(table(directory)).toBe(expected);
    expectNothingRepeated(directory);
  });
});

describe("a sweep command", () => {
  it("says that a complete sweep is complete, and starts over with --fresh, keeping the old runs", async () => {
    const directory = write(temporaryDirectory());
    await start(directory).ended;
    const again = start(directory);
    await again.ended;
    expect(again.output()).toContain("The sweep killed is complete already (3 trials); nothing was changed.");
    const fresh = start(directory, "--fresh");
    await fresh.ended;
    expect(fresh.output()).toContain(`The earlier runs were moved to ${join(directory, "killed.1")}`);
    expect(table(directory)).toBe(expected);
    expect(readdirSync(directory).sort()).toEqual(["c.yaml", "killed", "killed.1"]);
  });

  it("leaves checkpoints on SIGTERM and goes on from them", async () => {
    const directory = write(temporaryDirectory());
    const running = start(directory);
    while (livingTrials(directory).length < 2) await sleep(20);
    running.child.kill("SIGTERM");
    await running.ended;
    expect(running.child.exitCode).toBe(143);
    expect(running.output()).toContain("was stopped; the same command goes on from here");
    expect(livingTrials(directory)).toEqual([]);
    await start(directory).ended;
    expect(table(directory)).toBe(expected);
    expectNothingRepeated(directory);
  });
});
