import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configNames, findConfig } from "../commands/find-config.js";
import { planSweep } from "../space/plan.js";
import { workspace } from "../workspace/root.js";
import { experimentSchema } from "./experiment.js";
import { loadExperiment } from "./load.js";

const place = workspace();

describe("the checked-in configs", () => {
  it("have the default sweep and the emoji preset among them", () => {
    expect(configNames(place.configs)).toEqual(expect.arrayContaining(["emoji", "emoji-sweep"]));
    expect(findConfig("emoji", place)).toBe(join(place.configs, "emoji.yaml"));
  });

  it.each(configNames(place.configs))("%s is valid, with every point of its sweep", (name) => {
    const { experiment, document } = loadExperiment(findConfig(name, place), experimentSchema);
    if (experiment.sweep === undefined) return expect(experiment.curriculum.length).toBeGreaterThan(0);
    expect(planSweep(document, experimentSchema, experiment.sweep, experiment.seed).length).toBeGreaterThan(
      1,
    );
  });

  it("the default sweep asks the paper's question: three recipes at two learning rates, equal epochs", () => {
    const { experiment, document } = loadExperiment(findConfig("emoji-sweep", place), experimentSchema);
    if (experiment.sweep === undefined) return expect.unreachable();
    const plans = planSweep(document, experimentSchema, experiment.sweep, experiment.seed);
    expect(plans.map(({ point }) => point["recipe"])).toEqual(
      ["ranking alone", "instance alone", "two stages"].flatMap((recipe) => [recipe, recipe]),
    );
    const epochs = plans.map(({ config }) => config.curriculum.reduce((sum, stage) => sum + stage.epochs, 0));
    expect(new Set(epochs).size).toBe(1);
  });

  it("the emoji preset reproduces ranking alone, stage I and stage II on the splits 0, 1 and 2", () => {
    const { experiment, document } = loadExperiment(findConfig("emoji", place), experimentSchema);
    if (experiment.sweep === undefined) return expect.unreachable();
    const plans = planSweep(document, experimentSchema, experiment.sweep, experiment.seed);
    const stages = new Set(plans.flatMap(({ config }) => config.curriculum.map(({ name }) => name)));
    expect([...stages]).toEqual(["ranking-alone", "stage-I", "stage-II"]);
    const seeds = plans.map(({ config }) => (config.corpus.kind === "emoji" ? config.corpus.splitSeed : -1));
    expect(seeds).toEqual([0, 1, 2, 0, 1, 2]);
    expect(plans.map(({ point }) => Number(point["seed"]))).toEqual(seeds);
  });
});
