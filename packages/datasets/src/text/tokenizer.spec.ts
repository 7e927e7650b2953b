import { expect, it } from "vitest";
import { tokenize } from "./tokenizer.js";

it("splits on blanks, hyphens, stops, commas, brackets and question marks; runs count once", () => {
  const words = tokenize("Two  dogs -- a well-known pair (brown, black) ... run ?", { lowerCase: false });
  expect(words).toEqual(["Two", "dogs", "a", "well", "known", "pair", "brown", "black", "run"]);
});

it("folds letter case only when asked to", () => {
  expect(tokenize("A Dog", { lowerCase: true })).toEqual(["a", "dog"]);
  expect(tokenize("A Dog", { lowerCase: false })).toEqual(["A", "Dog"]);
});

it("keeps apostrophes and composes accents", () => {
  expect(tokenize("a man's cafe\u0301", { lowerCase: true })).toEqual(["a", "man's", "caf\u00e9"]);
});

it("finds no word in punctuation", () => {
  expect(tokenize(" . , - ", { lowerCase: true })).toEqual([]);
});
