import { describe, expect, it } from "vitest";
import type { RunnerConfig } from "../config/schema.js";
import { formatMarkdown, formatText, ranked, trialTable, type TrialRow } from "./table.js";

const objective = { metric: "best/val_rsum", direction: "maximize" } as const;
const config = {} as RunnerConfig;

function row(index: number, value: number | undefined, point: Record<string, unknown>): TrialRow {
  const metrics: Record<string, number> =
    value === undefined ? {} : { "best/val_rsum": value, "best/x": index };
  return {
    plan: { index, id: `t${index}`, point, config },
    state: value === undefined ? "failed" : "finished",
    metrics,
  };
}

const rows = [
  row(0, 1, { recipe: "a", "curriculum.0.learningRate": 0.1 }),
  row(1, undefined, { recipe: "a", "curriculum.0.learningRate": 0.2 }),
  row(2, 3, { recipe: "b", "curriculum.0.learningRate": 0.1 }),
  row(3, 3, { recipe: "b", "curriculum.0.learningRate": 0.2 }),
];

describe("the table of trials", () => {
  it("goes from the best objective down, equal ones in the order of the plan, failures last", () => {
    expect(ranked(rows, objective).map(({ plan }) => plan.index)).toEqual([2, 3, 0, 1]);
    expect(ranked(rows, { ...objective, direction: "minimize" }).map(({ plan }) => plan.index)).toEqual([
      0, 2, 3, 1,
    ]);
  });

  it("shows values by the short names of their coordinates and what is missing as a dash", () => {
    const table = trialTable(rows, objective, ["best/x", "best/absent"]);
    expect(table.header).toEqual([
      "#",
      "trial",
      "recipe",
      "learningRate",
      "best/val_rsum",
      "best/x",
      "state",
    ]);
    expect(table.rows[0]).toEqual(["1", "t2", "b", "0.1", "3.00", "2.00", "finished"]);
    expect(table.rows[3]).toEqual(["4", "t1", "a", "0.2", "-", "-", "failed"]);
  });

  it("keeps the path where two coordinates end alike", () => {
    const point = { "curriculum.0.learningRate": 1, "curriculum.1.learningRate": 2 };
    expect(trialTable([row(0, 1, point)], objective).header.slice(2, 4)).toEqual([
      "0.learningRate",
      "1.learningRate",
    ]);
  });

  it("names the split that the trials were measured on, drawn by whatever seed", () => {
    const measured = rows.map((trial, seed) =>
      trial.state === "finished" ? { ...trial, split: `emoji, split ${seed}/test` } : trial,
    );
    const { header, rows: lines } = trialTable(measured, objective);
    expect(header.at(-1)).toBe("split");
    expect(lines.map((line) => line.at(-1))).toEqual([
      "emoji, split 2/test",
      "emoji, split 3/test",
      "emoji, split 0/test",
      "-",
    ]);
  });

  it("takes splits that other seeds drew by the same rule for repetitions, and other sizes not", () => {
    const [one, , other] = rows as [TrialRow, TrialRow, TrialRow];
    const drawn = (split: string) => [
      { ...one, split: "mscoco-random-seed1-20-20/test" },
      { ...other, split },
    ];
    expect(trialTable(drawn("mscoco-random-seed2-20-20/test"), objective).rows).toHaveLength(2);
    expect(() => trialTable(drawn("mscoco-random-seed2-50-20/test"), objective)).toThrow(/do not compare/);
  });

  it("refuses to rank trials of different splits, and names both with the remedy", () => {
    const [one, , other] = rows as [TrialRow, TrialRow, TrialRow];
    const mixed = [
      { ...one, split: "flickr30k-karpathy/test" },
      { ...other, split: "flickr30k-entities/test" },
    ];
    expect(() => trialTable(mixed, objective)).toThrow(
      "'a, learningRate 0.1' is measured on flickr30k-karpathy/test, 'b, learningRate 0.1' on flickr30k-entities/test",
    );
    expect(() => trialTable(mixed, objective)).toThrow(/Give both the same corpus split/);
  });

  it("lines columns up in a terminal, numbers to the right", () => {
    const text = formatText({
      header: ["name", "n"],
      rows: [
        ["a", "10.00"],
        ["long", "2.00"],
      ],
    });
    expect(text).toBe("name      n\na     10.00\nlong   2.00");
  });

  it("becomes Markdown with bars escaped", () => {
    expect(formatMarkdown({ header: ["a"], rows: [["x|y"]] })).toBe("| a |\n| --- |\n| x\\|y |");
  });
});
