import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readJournal } from "../process/journal.js";
import { takeLock } from "../process/lock.js";
import { fakeSweep, type FakeSweep } from "../testing/fake-sweep.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { readResult } from "../trial/result.js";
import { sweepEntrySchema } from "./journal.js";
import type { TrialEnd } from "./observer.js";

const work = ({ directory }: FakeSweep, id: string): string =>
  readFileSync(join(directory.path, id, "work.log"), "utf8");
const kinds = ({ directory }: FakeSweep): string[] =>
  readJournal(directory.journal, sweepEntrySchema).map(({ kind }) => kind);

describe("a sweep", () => {
  it("runs every trial once, side by side, with the cores divided among them", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 4, milliseconds: 5",
      "  space: { training.learningRate: [1, 2, 3] }\n  parallel: 2\n",
    );
    const outcome = await sweep.run();
    expect(outcome).toEqual({ alreadyComplete: false, complete: true, failed: [] });
    for (const { id } of sweep.plans) {
      expect(work(sweep, id)).toBe("attempt 1 threads 2 from 0\nstep 1\nstep 2\nstep 3\nstep 4\nfinished\n");
      expect(readResult(sweep.directory.trial(id).result)?.metrics["best/val_rsum"]).toBeGreaterThanOrEqual(
        0,
      );
      expect(readFileSync(sweep.directory.trial(id).seed, "utf8")).toBe("5\n");
    }
  });

  it("changes nothing when it is complete and run again", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 1, milliseconds: 1",
      "  space: { training.learningRate: [1, 2] }\n",
    );
    await sweep.run();
    const journal = statSync(sweep.directory.journal);
    const before = kinds(sweep);
    expect(await sweep.run()).toEqual({ alreadyComplete: true, complete: true, failed: [] });
    expect(kinds(sweep)).toEqual(before);
    expect(statSync(sweep.directory.journal).mtimeMs).toBe(journal.mtimeMs);
  });

  it("runs only what is new when the space has grown", async () => {
    const runs = temporaryDirectory();
    const small = fakeSweep(runs, "steps: 1, milliseconds: 1", "  space: { training.learningRate: [1] }\n");
    await small.run();
    const large = fakeSweep(
      runs,
      "steps: 1, milliseconds: 1",
      "  space: { training.learningRate: [1, 2] }\n",
    );
    expect((await large.run()).complete).toBe(true);
    for (const { id } of large.plans) expect(work(large, id).match(/attempt/g)).toHaveLength(1);
  });

  it("resumes a crashed trial from its last checkpoint and reports the retry", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 6, milliseconds: 1, behaviour: crashes-once",
      "  space: {}\n",
    );
    const ends: TrialEnd[] = [];
    const outcome = await sweep.run({ ended: (_, end) => ends.push(end) });
    expect(outcome.complete).toBe(true);
    expect(ends.map(({ state, retried }) => [state, retried])).toEqual([
      ["failed", true],
      ["finished", undefined],
    ]);
    expect(ends[0]?.message).toContain("signal SIGKILL");
    expect(work(sweep, sweep.plans[0]?.id ?? "")).toContain("attempt 2 threads 4 from 2\nstep 3\n");
  });

  it("does not retry what cannot get better, and goes on with the others", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 1, milliseconds: 1",
      "  space: { training.behaviour: [fails, good, fails-once] }\n",
    );
    const outcome = await sweep.run();
    expect(outcome.complete).toBe(false);
    expect(outcome.failed.map(({ point }) => point["training.behaviour"])).toEqual(["fails"]);
    expect(kinds(sweep).filter((kind) => kind === "finished")).toHaveLength(2);
    expect(kinds(sweep).filter((kind) => kind === "failed")).toHaveLength(2);
  });

  it("stops at the first failure when told so, and leaves the others to go on from", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 2000, milliseconds: 5",
      "  space: { training.behaviour: [good, fails, good-too] }\n  parallel: 2\n  keepGoing: false\n",
    );
    const outcome = await sweep.run();
    expect(outcome.failed).toHaveLength(1);
    expect(kinds(sweep)).toEqual(["created", "planned", "started", "started", "failed", "interrupted"]);
  });

  it("stops its trials when it is told to, and goes on where they stopped", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 40, milliseconds: 20",
      "  space: { training.learningRate: [1, 2] }\n  parallel: 2\n",
    );
    const stopping = new AbortController();
    const event = () => stopping.abort();
    expect((await sweep.run({ event }, stopping.signal)).complete).toBe(false);
    expect(kinds(sweep).slice(-2)).toEqual(["interrupted", "interrupted"]);
    expect((await sweep.run()).complete).toBe(true);
    for (const { id } of sweep.plans) {
      const steps = work(sweep, id).match(/^step \d+$/gm) ?? [];
      expect(new Set(steps).size).toBe(40);
      expect(steps).toHaveLength(40);
    }
  });

  it("refuses to run in a directory that another sweep holds", async () => {
    const sweep = fakeSweep(temporaryDirectory(), "steps: 1, milliseconds: 1", "  space: {}\n");
    await sweep.run();
    const held = takeLock(sweep.directory.lock);
    await expect(sweep.run()).rejects.toMatchObject({ code: "SWEEP_RUNNING", exitCode: 1 });
    if ("lock" in held) held.lock.release();
    expect((await sweep.run()).alreadyComplete).toBe(true);
  });

  it("prunes a trial that the pruner gives up, and does not run it again", async () => {
    const sweep = fakeSweep(
      temporaryDirectory(),
      "steps: 60, milliseconds: 10",
      "  space: { training.learningRate: [3, 2, 1] }\n  pruner: { kind: median, warmup: 1, minimumTrials: 2 }\n",
    );
    expect((await sweep.run()).complete).toBe(true);
    const last = sweep.plans[2]?.id ?? "";
    expect(work(sweep, last)).not.toContain("finished");
    expect(kinds(sweep).filter((kind) => kind === "pruned")).toHaveLength(1);
    expect((await sweep.run()).alreadyComplete).toBe(true);
  });
});
