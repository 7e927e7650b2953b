import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ExperimentError } from "../errors.js";
import { parseConfigDocument } from "./document.js";
import { loadExperiment, validated } from "./load.js";
import { runnerShape } from "./schema.js";

const model = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("resnet"), depth: z.union([z.literal(18), z.literal(34)]) }),
  z.strictObject({ kind: z.literal("features"), dimension: z.int().positive() }),
]);
const stage = z.strictObject({
  name: z.string(),
  learningRate: z.number().positive(),
  epochs: z.int().default(1),
});
const schema = z.strictObject({ ...runnerShape, model, curriculum: z.array(stage).min(1) });

const GOOD = `name: try
model: { kind: resnet, depth: 18 }
curriculum:
  - name: one
    learningRate: 0.1
`;

function problems(text: string): string[] {
  try {
    validated(parseConfigDocument(text, "try.yaml"), schema);
  } catch (error) {
    if (error instanceof ExperimentError) return error.details["problems"] as string[];
    throw error;
  }
  return [];
}

describe("loading an experiment", () => {
  it("takes a valid file and fills the defaults in", () => {
    const experiment = validated(parseConfigDocument(GOOD, "try.yaml"), schema);
    expect(experiment).toMatchObject({ name: "try", seed: 0, device: "auto", tracking: { kind: "mlflow" } });
    expect(experiment.curriculum[0]?.epochs).toBe(1);
  });

  it("names the line, the path, the value found and what was expected", () => {
    expect(problems(GOOD.replace("0.1", "fast"))).toEqual([
      'try.yaml:5:19 curriculum.0.learningRate: expected a value of type number, found "fast"',
    ]);
    expect(problems(GOOD.replace("0.1", "-2"))).toEqual([
      "try.yaml:5:19 curriculum.0.learningRate: expected number to be >0, found -2",
    ]);
  });

  it("suggests the nearest known key for one that is unknown", () => {
    expect(problems(GOOD.replace("learningRate", "learnignRate"))).toEqual([
      "try.yaml:4:5 curriculum.0.learningRate: expected a value of type number, found nothing",
      "try.yaml:5:5 curriculum.0.learnignRate: unknown key 'learnignRate'; did you mean 'learningRate'? " +
        "(known here: name, learningRate, epochs)",
    ]);
  });

  it("knows the keys of the union option that the data chose", () => {
    expect(problems(GOOD.replace("depth: 18", "depth: 18, dept: 3"))).toEqual([
      "try.yaml:2:35 model.dept: unknown key 'dept'; did you mean 'depth'? (known here: kind, depth)",
    ]);
  });

  it("lists the choices where a word is none of them", () => {
    expect(problems(GOOD.replace("resnet", "vgg"))).toEqual([
      'try.yaml:2:16 model.kind: expected one of "resnet", "features", found "vgg"',
    ]);
    expect(problems(GOOD.replace("depth: 18", "depth: 19"))).toEqual([
      "try.yaml:2:31 model.depth: expected 18 or 34, found 19",
    ]);
  });

  it("lists every problem of a file at once", () => {
    expect(problems(GOOD.replace("0.1", "x").replace("name: try", "name: a/b\nseed: -1"))).toHaveLength(3);
  });

  it("refuses a key that stands twice and broken YAML with its line", () => {
    expect(() => parseConfigDocument("a: 1\na: 2\n", "try.yaml")).toThrow(/try.yaml:2:1 is not valid YAML/);
    expect(() => parseConfigDocument("a: [1\nb: 2\n", "try.yaml")).toThrow(/is not valid YAML/);
  });

  it("says so when there is no such file, with exit code 2", () => {
    try {
      loadExperiment("no/such/file.yaml", schema);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "CONFIG_MISSING", exitCode: 2 });
      expect((error as Error).message).toContain("no/such/file.yaml cannot be read: there is no such file");
    }
  });

  it("finds the place of a value behind an anchor", () => {
    const text = `${GOOD}  - &two { name: two, learningRate: bad }\n  - *two\n`;
    expect(problems(text).map((line) => line.split(" ")[0])).toEqual(["try.yaml:6:37", "try.yaml:6:37"]);
  });
});
