import { join } from "node:path";
import { PassThrough } from "node:stream";
import { dualPath, unmatchedGroups } from "@dualpath/core";
import { describe, expect, it } from "vitest";
import { explainCommand } from "../commands/explain.js";
import { configNames, findConfig } from "../commands/find-config.js";
import type { StageCost } from "../commands/stage-costs.js";
import { isLocalization, localizationSchema } from "../localization/config.js";
import { planSweep } from "../space/plan.js";
import { workspace } from "../workspace/root.js";
import { readDocument } from "./document.js";
import { experimentSchema } from "./experiment.js";
import { loadExperiment } from "./load.js";

const place = workspace();

/** Presets whose numbers the papers do not print. */
const UNPUBLISHED = ["paper-b/flickr30k-similarity", "paper-b/mscoco-tf-idf"];

describe("the checked-in configs", () => {
  it("have the default sweep and the emoji preset among them", () => {
    expect(configNames(place.configs)).toEqual(expect.arrayContaining(["emoji", "emoji-sweep"]));
    expect(findConfig("emoji", place)).toBe(join(place.configs, "emoji.yaml"));
  });

  const localizations = configNames(place.configs).filter((name) =>
    isLocalization(readDocument(findConfig(name, place))),
  );
  const experiments = configNames(place.configs).filter((name) => !localizations.includes(name));

  it("hold paper B's three tables: retrieval on two corpora, as paper and code have it, and localization", () => {
    expect(localizations).toEqual(["paper-b/entities", "paper-b/entities-similarity"]);
    const wanted = ["paper-b", "code-b"].flatMap((kind) => [`${kind}/flickr30k`, `${kind}/mscoco`]);
    expect(experiments).toEqual(expect.arrayContaining(wanted));
  });

  it.each(localizations)("%s is valid", (name) => {
    const { experiment } = loadExperiment(findConfig(name, place), localizationSchema);
    expect(experiment.requires.length).toBeGreaterThan(0);
  });

  it.each(experiments)("%s is valid, with every point of its sweep", (name) => {
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

  it("the emoji preset reproduces stage I, stage II and ranking alone on the splits 0, 1 and 2", () => {
    const { experiment, document } = loadExperiment(findConfig("emoji", place), experimentSchema);
    if (experiment.sweep === undefined) return expect.unreachable();
    const plans = planSweep(document, experimentSchema, experiment.sweep, experiment.seed);
    const stages = new Set(plans.flatMap(({ config }) => config.curriculum.map(({ name }) => name)));
    expect([...stages]).toEqual(["stage-I", "stage-II", "ranking-alone"]);
    const seeds = plans.map(({ config }) => (config.corpus.kind === "emoji" ? config.corpus.splitSeed : -1));
    expect(seeds).toEqual([0, 1, 2, 0, 1, 2]);
    expect(plans.map(({ point }) => Number(point["seed"]))).toEqual(seeds);
  });

  /** What `explain` says of a config on a machine without its data. */
  async function explained(config: string): Promise<{ costs: StageCost[]; text: string }> {
    const output = new PassThrough();
    const { signal } = new AbortController();
    const context = { workspace: place, output: output as unknown as NodeJS.WriteStream, signal };
    const costs = await explainCommand({ config, data: "nowhere" }, context);
    return { costs, text: String(output.read()) };
  }

  it.each(experiments.filter((name) => /^(paper|code)-[ab]\//.test(name)))(
    "%s fits its model, says what it needs and what the paper found, and is explained without data",
    { timeout: 60_000 },
    async (name) => {
      const { experiment } = loadExperiment(findConfig(name, place), experimentSchema);
      const { model, curriculum, requires, report, expected, weights, features } = experiment;
      expect(requires.map(({ path }) => path)).toContain(weights ?? features?.weights);
      const sizes = { classes: expected!.classes, vocabulary: expected!.vocabulary };
      const declared = dualPath(model, sizes).parameters.map((parameter) => parameter.name);
      for (const { groups } of curriculum) expect(unmatchedGroups(groups, declared)).toEqual([]);
      const stages = curriculum.map((stage) => stage.name.replaceAll("-", " "));
      for (const row of report.published) expect(stages).toContain(row.name);
      if (experiment.sweep === undefined && !UNPUBLISHED.includes(name))
        expect(report.published.length).toBeGreaterThan(0);
      const { costs, text } = await explained(name);
      expect(text).toContain("not there: sizes as the full data have them");
      expect(costs.map(({ stage, steps }) => [stage, steps])).toEqual(
        curriculum.map(({ name: stage, epochs, batchSize }) => [
          stage,
          epochs * Math.floor(expected!.images / batchSize),
        ]),
      );
    },
  );

  it("paper A's stage II on MSCOCO explains its size", async () => {
    const { costs } = await explained("paper-a/mscoco-resnet50");
    expect(costs.map(({ steps }) => steps)).toEqual([75 * 3540, 20 * 3540]);
    const [first, second] = costs;
    // Classifier 113,287 x 2,048, lookup 29,972 x 300, text CNN 26 M, heads 12.6 M, trunk 23.5 M.
    expect(first!.parameters / 1e6).toBeCloseTo(303, -1);
    expect(second!.learnt).toBeGreaterThan(first!.learnt + 23e6);
    expect(second!.peakBytes).toBeGreaterThan(second!.storeBytes);
  });
});
