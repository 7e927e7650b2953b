import { describe, expect, it } from "vitest";
import { scheduleFactor, scheduleSchema } from "./schedule.js";

const at = (schedule: unknown, step: number) =>
  scheduleFactor(scheduleSchema.parse(schedule), { step, stepsPerEpoch: 10, epochs: 5 });

describe("learning-rate schedules", () => {
  it("a constant schedule never changes", () => {
    expect([0, 17, 49].map((step) => at({ kind: "constant" }, step))).toEqual([1, 1, 1]);
  });

  it("a step schedule multiplies by its factor at each milestone's first step", () => {
    const schedule = { kind: "step", milestones: [2, 4] };
    expect([19, 20, 39].map((step) => at(schedule, step))).toEqual([1, 0.1, 0.1]);
    expect(at(schedule, 40)).toBeCloseTo(0.01, 12);
  });

  it("a cosine schedule falls from one over a half to its minimum", () => {
    const schedule = { kind: "cosine", minimum: 0.1 };
    expect(at(schedule, 0)).toBe(1);
    expect(at(schedule, 25)).toBeCloseTo(0.55, 12);
    expect(at(schedule, 50)).toBeCloseTo(0.1, 12);
  });

  it("a warm-up rises in equal steps, never starts at zero and ends below the full rate", () => {
    const schedule = { kind: "constant", warmup: { epochs: 0.4 } };
    expect([0, 1, 2, 3, 4].map((step) => at(schedule, step))).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  });

  it("the cosine begins where the warm-up ends", () => {
    const schedule = { kind: "cosine", warmup: { epochs: 1 } };
    expect(at(schedule, 10)).toBe(1);
    expect(at(schedule, 30)).toBeCloseTo(0.5, 12);
  });

  it("an unknown kind and a negative warm-up are refused", () => {
    expect(scheduleSchema.safeParse({ kind: "polynomial" }).success).toBe(false);
    expect(scheduleSchema.safeParse({ kind: "constant", warmup: { epochs: -1 } }).success).toBe(false);
  });
});
