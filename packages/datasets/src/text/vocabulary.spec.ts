import { expect, it } from "vitest";
import { expectError } from "../testing/fixtures.js";
import {
  buildVocabulary,
  checkCoverage,
  checkSameVocabulary,
  parseVocabulary,
  vocabularyOf,
} from "./vocabulary.js";

const captions = ["A dog runs", "a dog and a cat", "the Dog sleeps"];
const folded = { lowerCase: true };

it("orders words by frequency, then by code unit, and counts ids from 1", () => {
  const vocabulary = buildVocabulary(captions, folded);
  expect(vocabulary.words).toEqual(["a", "dog", "and", "cat", "runs", "sleeps", "the"]);
  expect([vocabulary.idOf("a"), vocabulary.idOf("dog"), vocabulary.idOf("bird")]).toEqual([1, 2, 0]);
});

it("does not depend on the order of the captions", () => {
  expect(buildVocabulary([...captions].reverse(), folded).checksum).toBe(
    buildVocabulary(captions, folded).checksum,
  );
});

it("takes words that occur often enough and that the restriction knows", () => {
  expect(buildVocabulary(captions, { ...folded, minimumCount: 2 }).words).toEqual(["a", "dog"]);
  expect(buildVocabulary(captions, { ...folded, restrictTo: new Set(["cat", "dog"]) }).words).toEqual([
    "dog",
    "cat",
  ]);
});

it("drops unknown words when it encodes", () => {
  expect(buildVocabulary(captions, folded).encode("A striped cat sleeps.")).toEqual([1, 4, 6]);
});

it("tells words of different case apart unless it folds case", () => {
  const vocabulary = buildVocabulary(captions, { lowerCase: false });
  expect(vocabulary.idOf("Dog")).not.toBe(vocabulary.idOf("dog"));
});

it("survives being stored", () => {
  const vocabulary = buildVocabulary(captions, folded);
  const stored = parseVocabulary(JSON.stringify(vocabulary), "vocabulary.json");
  expect(stored.words).toEqual(vocabulary.words);
  expect(stored.checksum).toBe(vocabulary.checksum);
  expect(stored.lowerCase).toBe(true);
});

const stored = vocabularyOf(["a", "dog"], folded).toJSON();
const faults: [string, string, string][] = [
  ["that is not JSON", "{", "is not JSON"],
  ["with a changed word", JSON.stringify({ ...stored, words: ["a", "cat"] }), "checksum does not match"],
  ["without words", JSON.stringify({ ...stored, words: undefined }), "words"],
  ["with a word twice", JSON.stringify(vocabularyOf(["a", "a"], folded)), "lists a word twice"],
];

it.each(faults)("refuses a stored vocabulary %s, naming the file", async (_, json, part) => {
  await expectError(
    () => parseVocabulary(json, "runs/7/vocabulary.json"),
    "VOCABULARY_FORMAT",
    "runs/7",
    part,
  );
});

it("tells a vocabulary of another corpus by its checksum", async () => {
  const mine = buildVocabulary(captions, folded);
  const other = buildVocabulary(["a red boat"], folded);
  expect(() => checkSameVocabulary(mine, buildVocabulary(captions, folded), "checkpoint")).not.toThrow();
  await expectError(
    () => checkSameVocabulary(mine, other, "checkpoint"),
    "VOCABULARY_MISMATCH",
    "checkpoint",
    "7 words",
  );
});

it("tells a vocabulary of another corpus by how few of the words it knows", async () => {
  const mine = buildVocabulary(captions, folded);
  expect(checkCoverage(mine, ["a dog", "a boat"], "x")).toBe(0.75);
  await expectError(
    () => checkCoverage(mine, ["red boats sail"], "v.json"),
    "VOCABULARY_MISMATCH",
    "v.json",
    "0.0 %",
  );
});
