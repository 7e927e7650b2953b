import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseConfigDocument } from "../config/document.js";
import { experimentSchema } from "../config/experiment.js";
import { validated } from "../config/load.js";
import { trialDirectory } from "../sweep/directory.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { tinyExperiment } from "../testing/tiny-corpus.js";
import { modelCard } from "./card.js";

const experiment = validated(
  parseConfigDocument(tinyExperiment("corpus", "", 2), "tiny.yaml"),
  experimentSchema,
);
const row = {
  name: "stage I",
  split: "tiny shapes/test",
  imageToText: { r1: 12.34, r5: 50, r10: 75 },
  textToImage: { r1: 20, r5: 40, r10: 98.76 },
  seconds: 3,
};

function directoryOf(git: object | undefined) {
  const directory = trialDirectory(temporaryDirectory());
  mkdirSync(directory.path, { recursive: true });
  writeFileSync(directory.versions, JSON.stringify(git === undefined ? {} : { git }));
  return directory;
}

describe("a model card", () => {
  it("holds data, split, model, recipe, metrics and commit of the run", () => {
    const card = modelCard(experiment, directoryOf({ commit: "abc123" }), [row]);
    const sections = card.split(/^## /m).slice(1);
    expect(sections.map((section) => section.split("\n", 1)[0])).toEqual([
      "Data",
      "Split",
      "Model",
      "Recipe",
      "Metrics",
      "Commit",
    ]);
    const [data = "", split = "", , recipe = "", metrics = "", commit = ""] = sections;
    expect(data).toContain(`"name": "tiny shapes"`);
    expect(split).toContain("Weights chosen on `validation`, reported on `test`");
    for (const { name } of experiment.curriculum) expect(recipe).toContain(`"name": "${name}"`);
    expect(metrics).toMatch(/stage I +\| tiny shapes\/test \| +12\.3 \|.* 98\.8 \|/);
    expect(commit).toBe("Commit\n\nabc123\n");
  });

  it("says so when the run was not measured, or not committed, or outside of git", () => {
    expect(modelCard(experiment, directoryOf({ commit: "abc", dirty: true }))).toMatch(
      /not been measured to its end\.\n\n## Commit\n\nabc, with changes that were not committed/,
    );
    expect(modelCard(experiment, directoryOf(undefined))).toContain("Trained outside a git checkout");
  });
});
