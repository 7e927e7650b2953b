import { join } from "node:path";
import { RunJournal } from "@dualpath/mlflow-ts-client";
import type { StepEvent } from "@dualpath/core";
import { describe, expect, it } from "vitest";
import { ZodError } from "zod";
import { ExperimentError } from "../errors.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { trialClock } from "./clock.js";
import { describeFailure } from "./failure.js";
import { stepMetrics } from "./metrics.js";
import { readResult, writeResult } from "./result.js";
import { systemMeter } from "./system-metrics.js";

const step = (number: number, loss: number): StepEvent => ({
  type: "step",
  stage: "s",
  epoch: 0,
  stageStep: number,
  step: number,
  stepsPerEpoch: 10,
  loss,
  losses: { "instance.image": loss / 2 },
  learningRate: 0.01,
  imagesPerSecond: 5,
  inputWaitFraction: 0.1,
});

describe("the curves of a trial", () => {
  it("have a point every so many steps, with the mean of the losses in between", () => {
    const point = stepMetrics(2);
    expect(point(step(1, 4), 1)).toBeUndefined();
    expect(point(step(2, 2), 2)).toMatchObject({
      "train/loss": 3,
      "train/loss_instance_image": 1.5,
      "train/learning_rate": 0.01,
      "train/log10_learning_rate": -2,
      "train/seconds": 2,
    });
    expect(point(step(3, 9), 3)).toBeUndefined();
    expect(point(step(4, 1), 4)).toMatchObject({ "train/loss": 5 });
  });

  it("measure the machine in percent and megabytes", () => {
    const values = systemMeter()();
    expect(values["system/system_memory_usage_percentage"]).toBeGreaterThan(0);
    expect(values["system/system_memory_usage_percentage"]).toBeLessThanOrEqual(100);
    expect(values["system/cpu_utilization_percentage"]).toBeGreaterThanOrEqual(0);
    expect(values["system/process_memory_megabytes"]).toBeGreaterThan(10);
  });
});

describe("the clock of a trial", () => {
  it("goes on from its journal after a restart and keeps the times of finished stages", async () => {
    const directory = temporaryDirectory();
    const journal = new RunJournal(directory, { experiment: "e", runName: "r" });
    journal.metrics({ "train/seconds": 100 }, { step: 10 });
    journal.tags({ "trial.seconds.stage-I": "60.5" });
    await journal.close();
    const clock = trialClock(directory, { tags: () => expect.unreachable() });
    expect(clock.stageSeconds("stage-I")).toBe(60.5);
    clock.markStage("stage-I");
    expect(clock.seconds()).toBeGreaterThanOrEqual(100);
    expect(clock.stageSeconds("stage-II")).toBeGreaterThanOrEqual(100);
  });
});

describe("the failure of a trial", () => {
  it("is worth another attempt only when the same trial need not meet it again", () => {
    expect(describeFailure(new ExperimentError("DATA", "no such split"))).toEqual({
      code: "DATA",
      message: "no such split",
      retryable: false,
    });
    expect(describeFailure(new ZodError([])).retryable).toBe(false);
    expect(describeFailure(Object.assign(new Error("disk full"), { code: "ENOSPC" })).retryable).toBe(false);
    expect(describeFailure(new Error("out of luck")).retryable).toBe(true);
  });
});

describe("the result of a trial", () => {
  it("is read back as it was written, and is undefined before that", () => {
    const file = join(temporaryDirectory(), "result.json");
    expect(readResult(file)).toBeUndefined();
    const recalls = { r1: 1, r5: 2, r10: 3 };
    const result = {
      metrics: { "best/val_rsum": 1.5 },
      rows: [{ name: "stage I", split: "test", imageToText: recalls, textToImage: recalls, seconds: 3 }],
      seconds: 4,
    };
    writeResult(file, result);
    expect(readResult(file)).toEqual(result);
  });
});
