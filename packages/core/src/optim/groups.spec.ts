import { describe, expect, it } from "vitest";
import { ruleFor, unmatchedGroups } from "./groups.js";
import { groupSchema, optimizerSchema } from "./schema.js";

const optimizer = (extra: object = {}) =>
  optimizerSchema.parse({ kind: "adam", weightDecay: 0.01, ...extra });
const groups = [
  { match: "text", multiplier: 0.5 },
  { match: ["text.lookup", "**.bias"], multiplier: 0.1, weightDecay: 0 },
].map((group) => groupSchema.parse(group));
const matrix = (name: string) => ({ name, shape: [3, 3] });

describe("parameter groups", () => {
  it("the last group that matches rules, and a parameter without group has the stage's rate", () => {
    expect(ruleFor(matrix("text.head.fc1.weight"), groups, optimizer())).toEqual({
      multiplier: 0.5,
      weightDecay: 0.01,
    });
    expect(ruleFor(matrix("text.lookup.weight"), groups, optimizer())).toEqual({
      multiplier: 0.1,
      weightDecay: 0,
    });
    expect(ruleFor(matrix("classifier.weight"), groups, optimizer())).toEqual({
      multiplier: 1,
      weightDecay: 0.01,
    });
  });

  it("decay may spare biases and batch norms", () => {
    const sparing = optimizer({ decays: "matrices" });
    expect(ruleFor({ name: "image.bn.weight", shape: [3] }, [], sparing).weightDecay).toBe(0);
    expect(ruleFor(matrix("image.conv.weight"), [], sparing).weightDecay).toBe(0.01);
    expect(ruleFor({ name: "image.bn.weight", shape: [3] }, [], optimizer()).weightDecay).toBe(0.01);
  });

  it("a glob that matches nothing is found", () => {
    const names = ["text.lookup.weight", "classifier.bias"];
    expect(unmatchedGroups([...groups, groupSchema.parse({ match: "txet.**" })], names)).toEqual(["txet.**"]);
  });
});
