import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { dualPath } from "./dual-path.js";
import { initialize } from "./initialize.js";

const model = dualPath(
  {
    image: { kind: "features", dimension: 3 },
    text: { kind: "mean-words", wordDimension: 2, length: 4 },
    embedding: 2,
  },
  { classes: 2, vocabulary: 3 },
);

const tableOf = async (seed: number, wordVectors?: Float32Array) => {
  const store = Store.open({ device: "reference" });
  await initialize(store, model, seed, wordVectors ? { wordVectors } : {});
  return Array.from((await store.read("text.lookup.weight")).data);
};

describe("initialising a model", () => {
  it("writes every parameter and statistic", async () => {
    const store = Store.open({ device: "reference" });
    await initialize(store, model, 1);
    expect(store.names().sort()).toEqual(model.parameters.map(({ name }) => name).sort());
    expect(Array.from((await store.read("text.trunk.bn0.running_var")).data)).toEqual([1, 1]);
  });

  it("copies word vectors, and words without one keep their random vector", async () => {
    const random = await tableOf(1);
    const vectors = Float32Array.of(1, 2, 0, 0, 5, 6);
    expect(await tableOf(1, vectors)).toEqual([1, 2, random[2], random[3], 5, 6]);
    expect(random[2]).not.toBe(0);
  });

  it("refuses word vectors of another vocabulary or dimension", async () => {
    const wrong = tableOf(1, new Float32Array(8));
    await expect(wrong).rejects.toThrow(
      "expected 3 x 2 numbers (vocabulary x model.text.wordDimension), got 8",
    );
  });
});
