import { mkdirSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import type { Claim } from "../space/schema.js";
import { sweepSchema } from "../space/schema.js";
import { sweepDirectory } from "../sweep/directory.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { writeResult } from "../trial/result.js";
import { readEvidence } from "./evidence.js";
import { claimsPage } from "./page.js";
import { claimPlot } from "./plot.js";
import { overall, spreadOf, verdictOf } from "./statistics.js";

const claim: Claim = {
  statement: "Two stages beat <one>",
  coordinate: "recipe",
  pairs: [
    ["two", "one"],
    ["one", "none"],
  ],
};

let folder: string;
beforeEach(() => void (folder = temporaryDirectory()));

interface Trial {
  readonly recipe: string;
  readonly seed: number;
  /** Each recall of the last stage; absent: not finished. */
  readonly recall?: number;
  readonly split?: string;
}

function sweepOf(trials: readonly Trial[]) {
  const directory = sweepDirectory(folder);
  const planned = trials.map(({ recipe, seed }, index) => ({
    id: `t${index}`,
    index,
    point: { recipe, seed },
  }));
  writeFileSync(directory.journal, `${JSON.stringify({ kind: "planned", trials: planned, time: 1 })}\n`);
  trials.forEach(({ recall, split = "tiny/test" }, index) => {
    if (recall === undefined) return;
    const recalls = (value: number) => ({ r1: value, r5: value, r10: value });
    const row = (name: string, value: number) => ({
      ...{ name, split, seconds: 1 },
      ...{ imageToText: recalls(value), textToImage: recalls(value) },
    });
    mkdirSync(directory.trial(`t${index}`).path);
    const rows = [row("stage I", 0), row("stage II", recall)];
    writeResult(directory.trial(`t${index}`).result, { metrics: {}, rows, seconds: 60 });
  });
  return directory;
}

const seeds = (recipe: string, recalls: readonly number[]): Trial[] =>
  recalls.map((recall, seed) => ({ recipe, seed, recall }));

describe("the evidence for a claim", () => {
  const trials = [
    ...seeds("two", [20, 22, 24]),
    ...seeds("one", [10, 12, 11]),
    ...seeds("none", [11, 10, 12]),
  ];

  it("compares the last stages' recalls seed by seed", () => {
    const { comparisons, finished, planned, verdict } = readEvidence(sweepOf(trials), claim);
    expect([finished, planned]).toEqual([9, 9]);
    expect(comparisons.map(({ better, worse, difference }) => [better, worse, difference.mean])).toEqual([
      ["two", "one", 66],
      ["one", "none", 0],
    ]);
    expect(comparisons.map((comparison) => comparison.verdict)).toEqual(["holds", "open"]);
    expect(verdict).toBe("open");
  });

  it("takes pairs only where both trials are finished, and judges nothing without one", () => {
    const some: Trial[] = [...seeds("two", [20]), { recipe: "one", seed: 0 }, ...seeds("none", [1])];
    const { comparisons, finished, verdict } = readEvidence(sweepOf(some), claim);
    expect([comparisons.length, finished, verdict]).toEqual([0, 2, undefined]);
  });

  it("refuses to compare trials that were measured on different splits, and names both", () => {
    const mixed: Trial[] = [...seeds("two", [20]), { recipe: "one", seed: 0, recall: 1, split: "tiny/val" }];
    const directory = sweepOf(mixed);
    const read = () => readEvidence(directory, claim);
    expect(read).toThrow(/'two, seed 0' is measured on tiny\/test, 'one, seed 0' on tiny\/val/);
    expect(read).toThrow(expect.objectContaining({ code: "SPLIT_MISMATCH" }) as Error);
  });

  it("becomes a page with the verdict, the means with deviations, and what is missing", () => {
    const evidence = readEvidence(sweepOf([...trials, { recipe: "two", seed: 3 }]), claim);
    const page = claimsPage([{ config: "claims/tiny", evidence, plot: "pictures/tiny.svg" }]);
    expect(page).toContain("| Two stages beat <one> | tiny/test | **open** | `claims/tiny` |");
    expect(page).toContain("## Two stages beat <one> (claims/tiny)");
    expect(page).toContain("| two | 3 | 22.0 ± 2.0 |");
    expect(page).toContain("_two_ against _one_: +66.0 ± 10.4 over 3 pairs of seeds - **holds**.");
    expect(page).toContain("9 of 10 trials are finished.");
    expect(page).toContain("![Two stages beat <one>](pictures/tiny.svg)");
  });

  it("becomes a page without a plot as long as nothing was measured", () => {
    const evidence = readEvidence(sweepOf([]), claim);
    const page = claimsPage([{ config: "claims/tiny", evidence, plot: undefined }]);
    expect(page).toContain("**not measured yet**");
    expect(page).not.toContain("![");
  });

  it("becomes a plot with a dot for every repetition and a whisker for every arm, its text escaped", () => {
    const svg = claimPlot(readEvidence(sweepOf(trials), claim));
    expect(svg).toContain("Two stages beat &lt;one&gt;");
    expect(svg.match(/<circle[^>]*r="3.5"/g)).toHaveLength(9);
    expect(svg.match(/<path[^>]*stroke-width="1.8"/g)).toHaveLength(3);
    const places = [...svg.matchAll(/cx="([\d.]+)"/g)].map(([, place]) => Number(place));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(210);
    expect(Math.max(...places)).toBeLessThanOrEqual(720);
  });
});

describe("a verdict", () => {
  it("needs a mean difference of two standard errors, in either direction", () => {
    // Deviation 1, standard error 1 / sqrt(4).
    const around = (mean: number) => ({ mean, deviation: 1, count: 4 });
    expect([1.01, 0.99, -0.99, -1.01].map((mean) => verdictOf(around(mean)))).toEqual([
      "holds",
      "open",
      "open",
      "fails",
    ]);
    expect(verdictOf(spreadOf([5]))).toBe("open");
  });

  it("on several comparisons is the worst of them", () => {
    expect(overall(["holds", "open", "fails"])).toBe("fails");
    expect(overall(["holds", "open"])).toBe("open");
    expect(overall(["holds", "holds"])).toBe("holds");
  });

  it("rests on the sample's deviation", () => {
    expect(spreadOf([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3), count: 4 });
  });
});

describe("a claim in a sweep", () => {
  const sweep = (pairs: readonly (readonly string[])[], coordinate = "recipe") =>
    sweepSchema.safeParse({
      space: { recipe: { variants: { one: {}, two: {} } } },
      claim: { statement: "s", coordinate, pairs },
    });

  it("names a coordinate of the space and values of it", () => {
    expect(sweep([["one", "two"]]).success).toBe(true);
    expect(JSON.stringify(sweep([["one", "three"]]).error?.issues)).toContain("expected one of one, two");
    expect(JSON.stringify(sweep([["one", "two"]], "seed").error?.issues)).toContain("expected one of recipe");
  });
});
