import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseConfigDocument } from "../config/document.js";
import { validated } from "../config/load.js";
import { runnerShape } from "../config/schema.js";
import { describePoint, planSingle, planSweep } from "./plan.js";

const stage = z.strictObject({ name: z.string(), learningRate: z.number().positive() });
const schema = z.strictObject({ ...runnerShape, curriculum: z.array(stage), width: z.number().default(1) });

const BASE = `name: try
seed: 3
curriculum:
  - { name: one, learningRate: 0.1 }
  - { name: two, learningRate: 0.1 }
sweep:
  space:
`;

function plan(space: string) {
  const document = parseConfigDocument(`${BASE}${space}`, "try.yaml");
  const experiment = validated(document, schema);
  if (experiment.sweep === undefined) throw new Error("no sweep");
  return planSweep(document, schema, experiment.sweep, experiment.seed);
}

describe("the plan of a sweep", () => {
  it("sets per-stage values by their path, and all stages by a star", () => {
    const [trial] = plan("    curriculum.1.learningRate: [0.5]\n");
    expect(trial?.config.curriculum.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.5]);
    const [starred] = plan('    "curriculum.*.learningRate": [0.7]\n');
    expect(starred?.config.curriculum.map(({ learningRate }) => learningRate)).toEqual([0.7, 0.7]);
  });

  it("lays named variants under single values", () => {
    const trials = plan(`    curriculum.0.learningRate: [0.2, 0.3]
    recipe:
      variants:
        alone: { curriculum: [{ name: only, learningRate: 9 }] }
        both: {}
`);
    expect(
      trials.map(({ config }) =>
        config.curriculum.map(({ name, learningRate }) => `${name} ${learningRate}`),
      ),
    ).toEqual([["only 0.2"], ["one 0.2", "two 0.1"], ["only 0.3"], ["one 0.3", "two 0.1"]]);
    expect(describePoint(trials[0]?.point ?? {})).toBe("learningRate 0.2, alone");
  });

  it("removes points that resolve to the same config", () => {
    const trials = plan("    width: [1, 2]\n    recipe: { variants: { a: {}, b: { width: 5 } } }\n");
    expect(trials.map(({ config }) => config.width)).toEqual([1, 2]);
    expect(new Set(trials.map(({ id }) => id)).size).toBe(2);
  });

  it("validates every point before any runs and points at the coordinate's line", () => {
    expect(() => plan("    curriculum.0.learningRate: [0.1, -1]\n    width: [1]\n")).toThrow(
      "try.yaml:8:5 curriculum.0.learningRate: expected number to be >0, found -1 " +
        "(at learningRate -1, width 1)",
    );
  });

  it("points at the line inside the variant that brought a bad value", () => {
    const text = "    recipe:\n      variants:\n        a: {}\n        b:\n          width: wide\n";
    expect(() => plan(text)).toThrow(
      'try.yaml:12:18 width: expected a value of type number, found "wide" (at b)',
    );
  });

  it("refuses a path that leads nowhere", () => {
    expect(() => plan("    curriculum.2.learningRate: [1]\n")).toThrow(/the config has no 'curriculum.2'/);
    expect(() => plan("    modle.width: [1]\n")).toThrow(/try.yaml:8:5 .*the config has no 'modle'/);
    expect(() => plan("    widht: [1]\n")).toThrow(/unknown key 'widht'; did you mean 'width'\?/);
  });

  it("refuses a range in a grid and a random sampler without a count", () => {
    expect(() => plan("    width: { uniform: [0, 1] }\n")).toThrow(
      /try.yaml:8:12 sweep.space.width: .*expected a list/,
    );
    expect(() => plan("    width: { uniform: [0, 1] }\n  sampler: random\n")).toThrow(
      /sweep.trials: .*how many points/,
    );
  });

  it("gives a single run the identity of the same config inside a sweep", () => {
    const [swept] = plan("    width: [1]\n");
    const document = parseConfigDocument(`${BASE}    width: [1]\n`, "try.yaml");
    expect(planSingle(validated(document, schema))[0]?.id).toBe(swept?.id);
  });
});
