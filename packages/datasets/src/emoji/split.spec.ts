import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DatasetError } from "../errors.js";
import { readConcepts } from "./concepts.js";
import { familyOf } from "./family.js";
import { drawSplit, formatSplits, readSplit, splitFile, splitSeeds, splitSizes } from "./split.js";

const concepts = readConcepts();
const familyByKey = new Map(concepts.map((concept) => [concept.key, familyOf(concept)]));
const familiesOf = (keys: readonly string[]) => new Set(keys.map((key) => familyByKey.get(key) as string));

it("is committed as the rule draws it", () => {
  expect(readFileSync(splitFile, "utf8")).toBe(formatSplits(concepts));
});

it.each(splitSeeds)("has the planned sizes and breaks no family (seed %i)", (seed) => {
  const { train, validation, test } = readSplit(concepts, seed);
  expect({ train: train.length, validation: validation.length, test: test.length }).toEqual(splitSizes);
  const families = [train, validation, test].map(familiesOf);
  const union = new Set(families.flatMap((names) => [...names]));
  expect(union.size).toBe(families.reduce((sum, names) => sum + names.size, 0));
});

it.each(splitSeeds)("keeps the large families in training (seed %i)", (seed) => {
  const trained = familiesOf(readSplit(concepts, seed).train);
  for (const family of ["clocks", "hearts", "arrows", "families", "coloured shapes", "japanese buttons"])
    expect(trained).toContain(family);
});

it("reads the very split that the rule draws", () => {
  expect(readSplit(concepts, 2)).toEqual(drawSplit(concepts, 2));
});

it("refuses a seed that was not committed, naming those that were", () => {
  expect(() => readSplit(concepts, 7)).toThrow(DatasetError);
  expect(() => readSplit(concepts, 7)).toThrow("emoji split seed 7: expected one of 0, 1, 2");
});

it("refuses a corpus that lacks a concept of the split", () => {
  const { test } = readSplit(concepts, 0);
  const smaller = concepts.filter(({ key }) => key !== test[0]);
  expect(() => readSplit(smaller, 0)).toThrow(`${test[0]} is not in the corpus; run npm ci`);
});
