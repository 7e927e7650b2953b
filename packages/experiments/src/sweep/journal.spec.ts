import { describe, expect, it } from "vitest";
import { replay, type SweepEntry } from "./journal.js";

const time = 1;
const started = (trial: string, attempt: number, threads = 2): SweepEntry => {
  return { kind: "started", trial, attempt, time, pid: 7, started: "s", host: "h", threads };
};

describe("the replay of a sweep's journal", () => {
  it("knows nothing from nothing", () => {
    expect(replay([])).toEqual({ planned: [], trials: new Map(), completed: false });
  });

  it("takes a trial without an end as running, with its process", () => {
    const { trials } = replay([{ kind: "created", id: "a", name: "n", time }, started("t", 1)]);
    expect(trials.get("t")).toMatchObject({
      state: "running",
      attempts: 1,
      owner: { pid: 7, started: "s", host: "h" },
    });
  });

  it("keeps the threads of the first attempt and counts attempts", () => {
    const { trials } = replay([
      started("t", 1, 2),
      { kind: "interrupted", trial: "t", attempt: 1, time },
      started("t", 2, 1),
    ]);
    expect(trials.get("t")).toMatchObject({ state: "running", attempts: 2, threads: 2 });
  });

  it("forgets a failure when the trial is tried again and finishes", () => {
    const failed: SweepEntry = { kind: "failed", trial: "t", attempt: 1, time, code: "X", message: "m" };
    expect(replay([started("t", 1), failed]).trials.get("t")?.failure).toEqual({ code: "X", message: "m" });
    const finished: SweepEntry = { kind: "finished", trial: "t", attempt: 2, time };
    const record = replay([started("t", 1), failed, started("t", 2), finished]).trials.get("t");
    expect(record).toEqual({ state: "finished", attempts: 2, threads: 2 });
  });

  it("takes a changed plan as not complete", () => {
    const planned: SweepEntry = { kind: "planned", trials: [{ id: "t", index: 0, point: {} }], time };
    expect(replay([planned, { kind: "completed", time }]).completed).toBe(true);
    expect(replay([planned, { kind: "completed", time }, planned]).completed).toBe(false);
  });
});
