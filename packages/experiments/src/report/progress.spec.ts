import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { RunnerConfig } from "../config/schema.js";
import type { TrialEvent } from "../trial/events.js";
import { lineDisplay } from "./progress.js";

const plan = { index: 0, id: "abc", point: { "curriculum.0.learningRate": 0.1 }, config: {} as RunnerConfig };
const directory = {} as Parameters<NonNullable<ReturnType<typeof lineDisplay>["started"]>>[2];

function shown(act: (display: ReturnType<typeof lineDisplay>) => void): string[] {
  const stream = new PassThrough();
  act(lineDisplay(stream, [plan, { ...plan, id: "def", index: 1 }]));
  return String(stream.read() ?? "")
    .trim()
    .split("\n");
}

const evaluation: TrialEvent = {
  kind: "metrics",
  step: 8,
  timestamp: 1,
  values: { "val/i2t_r1": 12.34, "val/i2t_r5": 30, "val/rsum": 150 },
};

describe("progress without a terminal", () => {
  it("gives one plain line for every start, stage, evaluation and end", () => {
    const lines = shown((display) => {
      display.started?.(plan, 1, directory);
      display.event?.(plan, { kind: "tags", tags: { "trial.stage": "stage-I" } });
      display.event?.(plan, { kind: "metrics", step: 1, timestamp: 1, values: { "train/loss": 3 } });
      display.event?.(plan, evaluation);
      display.ended?.(plan, { state: "finished" });
    });
    expect(lines).toEqual([
      "trial 1/2 abc (learningRate 0.1): started",
      "trial 1/2 abc (learningRate 0.1): stage-I begins",
      "trial 1/2 abc (learningRate 0.1): step 8: i2t_r1 12.3, rsum 150.0",
      "trial 1/2 abc (learningRate 0.1): finished",
    ]);
  });

  it("does not repeat, after a restart, what the journal's first part says again", () => {
    const lines = shown((display) => {
      display.event?.(plan, evaluation);
      display.ended?.(plan, { state: "failed", message: "it crashed", retried: true });
      display.started?.(plan, 2, directory);
      display.event?.(plan, evaluation);
    });
    expect(lines.map((line) => line.replace(/^.*\): /, ""))).toEqual([
      "step 8: i2t_r1 12.3, rsum 150.0",
      "failed: it crashed; it is tried again",
      "started again (attempt 2)",
    ]);
  });
});
