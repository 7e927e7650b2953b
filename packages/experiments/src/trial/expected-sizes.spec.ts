import { describe, expect, it } from "vitest";
import { sizeWarning } from "./expected-sizes.js";

const expected = { images: 29_783, classes: 29_783, vocabulary: 20_074 };
const sizes = (images: number, classes: number, vocabularySize: number) => ({
  ...{ classes, vocabularySize },
  stepsPerEpoch: (batchSize: number) => Math.floor(images / batchSize),
});

describe("the sizes that an experiment expects", () => {
  it("are no matter where the data have them, or where it expects none", () => {
    expect(sizeWarning({ name: "a", expected }, sizes(29_783, 29_783, 20_074))).toBeUndefined();
    expect(sizeWarning({ name: "a", expected: undefined }, sizes(1, 2, 3))).toBeUndefined();
  });

  it("are named beside those of the data, each that differs", () => {
    expect(sizeWarning({ name: "a", expected }, sizes(1204, 1204, 20_074))).toMatch(
      /^WARNING: a: .*\n {2}training images: 29,783 expected, 1,204 found\n {2}classes: 29,783 expected, 1,204 found\nWhat/,
    );
    const words = sizeWarning({ name: "a", expected }, sizes(29_783, 29_783, 20_000));
    expect(words).toMatch(/results:\n {2}words: 20,074 expected, 20,000 found\nWhat/);
  });

  it("say nothing of words where texts are vectors", () => {
    const vectors = { ...expected, vocabulary: 0 };
    expect(sizeWarning({ name: "b", expected: vectors }, sizes(29_783, 29_783, 7))).toBeUndefined();
  });
});
