import { describe, expect, it } from "vitest";
import type { RunnerConfig } from "../config/schema.js";
import type { PublishedRow } from "../config/experiment.js";
import type { TrialRow } from "../report/table.js";
import type { ResultRow } from "../trial/result.js";
import { reproducedRows, reproducedTable, withPublished } from "./reproduce.js";

const config = { seed: 7 } as RunnerConfig;
const trial = (index: number, point: Record<string, unknown>): TrialRow => ({
  plan: { index, id: `t${index}`, point, config },
  state: "finished",
  metrics: {},
});

function result(name: string, split: string, value: number): ResultRow {
  const recalls = { r1: value, r5: value + 1, r10: value + 2 };
  const medians = { medianRank: value, medianRankStrict: value + 0.5 };
  const medianRanks = { imageToText: medians, textToImage: medians };
  return { name, split, imageToText: recalls, textToImage: recalls, medianRanks, seconds: 10 * value };
}

describe("a reproduced table", () => {
  const trials = [1, 0].flatMap((seed, index) => [
    trial(2 * index, { seed: String(seed), recipe: "alone" }),
    trial(2 * index + 1, { seed: String(seed), recipe: "two" }),
  ]);
  const files: Record<string, ResultRow[]> = {
    t0: [result("ranking alone", "emoji P1, split 1/test", 2)],
    t1: [result("stage I", "emoji P1, split 1/test", 4), result("stage II", "emoji P1, split 1/test", 6)],
    t2: [result("ranking alone", "emoji P1, split 0/test", 4)],
    t3: [result("stage I", "emoji P1, split 0/test", 6), result("stage II", "emoji P1, split 0/test", 8)],
  };
  const rows = reproducedRows(trials, (id) => files[id] ?? []);

  it("has every stage with its seeds in order, followed by the mean", () => {
    expect(rows.map(({ name, seed }) => `${name} ${seed}`)).toEqual([
      "ranking alone 0",
      "ranking alone 1",
      "ranking alone mean",
      "stage I 0",
      "stage I 1",
      "stage I mean",
      "stage II 0",
      "stage II 1",
      "stage II mean",
    ]);
  });

  it("averages recalls, medians and seconds, and names the split's seeds", () => {
    expect(rows[8]).toEqual({
      name: "stage II",
      split: "emoji P1, splits 0, 1/test",
      seed: "mean",
      imageToText: { r1: 7, r5: 8, r10: 9 },
      textToImage: { r1: 7, r5: 8, r10: 9 },
      medianRanks: {
        imageToText: { medianRank: 7, medianRankStrict: 7.5 },
        textToImage: { medianRank: 7, medianRankStrict: 7.5 },
      },
      seconds: 70,
    });
  });

  it("takes the config's seed where the sweep varies none", () => {
    const [row] = reproducedRows([trial(0, {})], () => [result("one", "test", 1)]);
    expect(row?.seed).toBe(7);
  });

  it("has a single run's rows without a mean", () => {
    const single = reproducedRows([trial(0, {})], () => [result("stage I", "test", 1)]);
    expect(single.map(({ seed }) => seed)).toEqual([7]);
  });

  it("has the paper's row behind those of its stage, with the split that the paper measured", () => {
    const source = "the paper";
    const published: PublishedRow[] = [
      { name: "stage I", split: "emoji P1, split 7/test", textToImage: [3, 4, 5], source },
      { name: "stage III", split: "test", imageToText: [1, 2, 3], source },
    ];
    const all = withPublished(rows, published);
    expect(all.map(({ name, seed }) => `${name} ${seed}`).slice(5, 8)).toEqual([
      "stage I mean",
      "stage I paper",
      "stage II 0",
    ]);
    expect(all[6]).toMatchObject({ imageToText: null, textToImage: { r1: 3, r5: 4, r10: 5 }, seconds: null });
    expect(all.at(-1)).toMatchObject({ name: "stage III", seed: "paper" });
    const line = reproducedTable(all).split("\n")[7];
    expect(line).toMatch(
      /stage I +paper +- +- +- +- +- +3\.0 +4\.0 +5\.0 +- +- +- +emoji P1, split 7\/test \(the paper\)$/,
    );
  });

  it("has each of the paper's rows behind the measured ones of its split", () => {
    const measured = [
      result("two branch", "coco/test", 1),
      result("two branch", "coco/test-fold*, mean of 5", 2),
    ];
    const source = "the paper";
    const published = ["coco/test-fold*, mean of 5", "coco/test"].map((split) => ({
      name: "two branch",
      split,
      source,
    }));
    const all = withPublished(
      reproducedRows([trial(0, {})], () => measured),
      published,
    );
    expect(all.map(({ seed, split }) => `${seed} ${split}`)).toEqual([
      "7 coco/test",
      "paper coco/test",
      "7 coco/test-fold*, mean of 5",
      "paper coco/test-fold*, mean of 5",
    ]);
  });

  it("has the row of the authors' own draw beside those of the draws by seed, and not beside other sizes", () => {
    const measured = (split: string) => reproducedRows([trial(0, {})], () => [result("stage I", split, 1)]);
    const split = "mscoco-random-authors/test";
    const published = [{ name: "stage I", split, source: "the paper" }];
    const all = withPublished(measured("mscoco-random-seed1/test"), published);
    expect(all.map((row) => row.split)).toEqual(["mscoco-random-seed1/test", split]);
    expect(() => withPublished(measured("mscoco-random-seed1-20-20/test"), published)).toThrow(
      expect.objectContaining({ code: "SPLIT_MISMATCH" }) as Error,
    );
  });

  it("refuses a paper's row of another split than the measured ones", () => {
    const published = [{ name: "stage I", split: "flickr30k-karpathy/test", source: "the paper" }];
    const compare = () => withPublished(rows, published);
    expect(compare).toThrow(expect.objectContaining({ code: "SPLIT_MISMATCH" }) as Error);
    expect(compare).toThrow(
      /'stage I \(the paper\)' on flickr30k-karpathy\/test.*Measure on the paper's split/s,
    );
  });

  it("prints one line a row", () => {
    expect(reproducedTable(rows).split("\n")).toHaveLength(10);
    expect(reproducedTable(rows)).toContain("stage II       mean      7.0");
  });
});
