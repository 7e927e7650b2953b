import { describe, expect, it } from "vitest";
import { dualPath } from "../models/dual-path.js";
import { ruleFor } from "../optim/groups.js";
import { stageGraph } from "./stage-graph.js";
import { curriculumSchema, stageSchema } from "./stage.js";

const model = dualPath(
  {
    image: { kind: "resnet", depth: 18, width: 0.25, stages: [1, 1], stem: "small", inputSize: 16 },
    text: { kind: "text-cnn", width: 0.25, length: 8, wordDimension: 10 },
    embedding: 32,
  },
  { classes: 9, vocabulary: 20 },
);

/** The learning-rate multipliers of paper A's code. */
const groups = [
  { match: "**", multiplier: 0.1 },
  { match: "**.bn*.weight", multiplier: 0.2 },
  { match: "**.bn*.bias", multiplier: 0.1 },
  { match: "classifier.weight", multiplier: 0.01 },
  { match: "classifier.bias", multiplier: 0.02 },
  { match: "text.lookup", multiplier: 0.001 },
];

const stageOne = {
  name: "stage-1",
  epochs: 240,
  batchSize: 4,
  frozen: ["image.trunk"],
  frozenStatistics: "batch",
  losses: { instance: {} },
  optimizer: { kind: "sgd", weightDecay: 1e-4 },
  learningRate: 0.1,
  groups,
};

const stageTwo = {
  ...stageOne,
  name: "stage-2",
  epochs: 60,
  frozen: [],
  losses: {
    instance: { image: 1, text: 0.1 },
    ranking: { weight: 2, margin: 1, mining: "paper-a", candidates: 256 },
  },
  groups: [...groups, { match: "image.trunk", multiplier: 0.001 }],
  schedule: { kind: "step", milestones: [40] },
};

describe("paper A's two stages", () => {
  const [one, two] = curriculumSchema.parse([stageOne, stageTwo]);

  it("stage I leaves the trunk out of the backward pass and uses its batch's statistics there", () => {
    const { learnt, graph } = stageGraph(model, one!, [20, 20]);
    expect(learnt.some((name) => name.startsWith("image.trunk"))).toBe(false);
    expect(learnt).toContain("image.head.fc1.weight");
    const names = graph.nodes.map(({ name }) => name);
    expect(names.some((name) => name.startsWith("gradient.image.trunk"))).toBe(false);
    expect(graph.nodes.find(({ name }) => name === "image.trunk.bn1")?.op.name).toBe("batchNorm");
    expect(names).not.toContain("image.trunk.bn1.running_mean.update");
  });

  it("stage II learns everything, at the rates of the code", () => {
    const { learnt, optimizer, losses } = stageGraph(model, two!, [20, 20]);
    expect([...learnt].sort()).toEqual(
      model.parameters
        .filter(({ kind }) => kind === "weight")
        .map(({ name }) => name)
        .sort(),
    );
    expect([...optimizer.rates.values()].sort()).toEqual([0.001, 0.01, 0.02, 0.1, 0.2]);
    const multiplier = (name: string) =>
      ruleFor({ name, shape: [1, 1] }, two!.groups, two!.optimizer).multiplier;
    expect(multiplier("text.trunk.block1.bn1.weight")).toBe(0.2);
    expect(multiplier("text.head.fc1.weight")).toBe(0.1);
    expect(multiplier("text.lookup.bias")).toBe(0.001);
    expect(multiplier("image.trunk.layer1.0.bn1.weight")).toBe(0.001);
    expect(losses.terms.map(({ name, weight }) => [name, weight])).toEqual([
      ["instance.image", 1],
      ["instance.text", 0.1],
      ["ranking", 2],
    ]);
  });

  it("a multiplier of 0 freezes", () => {
    const still = stageSchema.parse({ ...stageTwo, groups: [{ match: "text", multiplier: 0 }] });
    expect(stageGraph(model, still, undefined).learnt.some((name) => name.startsWith("text."))).toBe(false);
  });
});

describe("stage configuration", () => {
  it("names the place of every mistake", () => {
    const wrong = {
      ...stageOne,
      batchSize: 1,
      learningRate: -1,
      optimizer: { kind: "sgd", momentum: 1 },
      colour: 1,
    };
    const result = curriculumSchema.safeParse([wrong]);
    const places = result.error?.issues.map(({ path }) => path.join(".")).sort();
    expect(places).toEqual(["0", "0.batchSize", "0.learningRate", "0.optimizer.momentum"]);
  });

  it("a ranking loss alone builds no classifier", () => {
    const ranking = stageSchema.parse({ ...stageOne, losses: { ranking: {} } });
    const { learnt, graph } = stageGraph(model, ranking, undefined);
    expect(learnt.some((name) => name.startsWith("classifier"))).toBe(false);
    expect(graph.find("classifier.weight")).toBeUndefined();
  });

  it("neighbours go with the losses that know them", () => {
    const structure = { images: 0.1, texts: 0.1 };
    const problems = (changes: object): unknown =>
      curriculumSchema
        .safeParse([{ ...stageOne, ...changes }])
        .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    expect(problems({ losses: { structure }, neighbours: { images: 2, texts: 2 } })).toBeUndefined();
    expect(problems({ losses: { structure }, neighbours: { texts: 2 } })).toEqual([
      "0.losses.structure.images: a weight here needs neighbours.images of 2 or more",
    ]);
    const modern = { contrastive: {}, sigmoid: {}, instance: {} };
    expect(problems({ losses: modern, neighbours: { texts: 5 } })).toBeUndefined();
    expect(problems({ losses: { ranking: {}, contrastive: {} }, neighbours: { texts: 2 } })).toEqual([
      "0.neighbours: ranking takes rows in pairs; leave neighbours out, or use contrastive or structure",
    ]);
    expect(problems({ losses: { structure: { imageToText: 0, textToImage: 0, texts: 0 } } })).toEqual([
      "0.losses: at least one of instance, ranking, contrastive, structure, sigmoid and logistic needs a positive weight",
    ]);
  });
});
