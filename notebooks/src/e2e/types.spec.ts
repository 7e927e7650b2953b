import { createRequire } from "node:module";
import current from "typescript";
import { describe, expect, it } from "vitest";
import { compile } from "../testing/compile.js";
import { jupyterFolder } from "../testing/kernels.js";

const ofTslab = createRequire(jupyterFolder("kernels", "package.json"))(
  "@tslab/typescript-for-tslab",
) as typeof current;

const USE = `import { dualPath, Trainer, type CurriculumInput, type ModelInput, type TrainingData } from "@dualpath/core";
const model: ModelInput = { image: { kind: "resnet", depth: 18 }, text: { kind: "text-cnn" }, embedding: 512 };
const stage = { name: "one", epochs: 1, batchSize: 8, losses: { instance: {} }, learningRate: 0.1 };
const curriculum: CurriculumInput = [{ ...stage, optimizer: { kind: "sgd" } }];
export const parameters: number = dualPath(model, { classes: 3, vocabulary: 5 }).parameters.length;
export const train = (data: TrainingData) => new Trainer({ model, curriculum, data, seed: 0 }).run();
`;
const MISUSE = `export const wrong: ModelInput = { ...model, embedding: "512" };
export const unknown: CurriculumInput = [{ ...stage, optimizer: { kind: "none" } }];
`;
const firstMisuse = USE.split("\n").length;

const TSLAB = "TypeScript 5.0 (tslab's)";
const CURRENT = "this repository's TypeScript";

it("the TypeScript that tslab brings is 5.0", () => {
  expect(ofTslab.versionMajorMinor).toBe("5.0");
});

describe("core's types", () => {
  it.each([
    [TSLAB, ofTslab, "node"],
    [TSLAB, ofTslab, "nodenext"],
    [CURRENT, current, "nodenext"],
  ] as const)("are read by %s", (_, typescript, resolution) => {
    expect(compile(typescript, USE, resolution)).toEqual([]);
  });

  it.each([
    [TSLAB, ofTslab],
    [CURRENT, current],
  ] as const)("tell %s what is wrong with a model and a curriculum", (_, typescript) => {
    const found = compile(typescript, USE + MISUSE, "nodenext");
    expect(found.map(({ line }) => line)).toEqual([firstMisuse, firstMisuse + 1]);
  });
});
