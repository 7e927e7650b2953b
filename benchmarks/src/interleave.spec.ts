import { expect, it } from "vitest";
import type { Measurement } from "./contestant.js";
import { interleave, median, type Runner } from "./interleave.js";

/** A contestant whose every run takes what the list says; it tells the log that it ran. */
function contestant(name: string, log: string[], runs: readonly Measurement[]): Runner {
  let run = 0;
  return {
    run: async (steps) => {
      log.push(`${name} ${steps}`);
      return runs[run++]!;
    },
  };
}

const slowStart = { seconds: [100, 100, 100], peakBytes: 1 };

it("runs both sides in turn after one warm-up each, which counts for nothing", async () => {
  const log: string[] = [];
  const ours = contestant("ours", log, [
    slowStart,
    { seconds: [2, 9, 1], peakBytes: 30 },
    { seconds: [4, 4, 4], peakBytes: 50 },
    { seconds: [1, 1, 1], peakBytes: 60 },
  ]);
  const peer = contestant("peer", log, [
    slowStart,
    { seconds: [6, 5, 90], peakBytes: 100 },
    { seconds: [4, 4, 4], peakBytes: 110 },
    { seconds: [5, 5, 5], peakBytes: 120 },
  ]);
  const comparison = await interleave(ours, peer, 3, 3);
  expect(log).toEqual(Array.from({ length: 4 }, () => ["ours 3", "peer 3"]).flat());
  // Medians of the rounds: ours 2, 4, 1; the peer's 6, 4, 5; their ratios 3, 1, 5.
  expect(comparison).toEqual({
    ours: 2,
    peer: 5,
    ratio: 3,
    spread: [1, 5],
    ourPeakBytes: 60,
    peerPeakBytes: 120,
  });
});

it("ends where a contestant does", async () => {
  const gone = { run: async () => Promise.reject(new Error("serve.py ended")) };
  await expect(interleave(contestant("ours", [], [slowStart]), gone, 1, 1)).rejects.toThrow("serve.py ended");
});

it.each([
  [[3], 3],
  [[3, 1, 2], 2],
  [[10, 2, 1, 4], 3],
])("the median of %j is %d", (values, middle) => expect(median(values)).toBe(middle));
