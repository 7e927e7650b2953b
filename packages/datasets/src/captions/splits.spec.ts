import { expect, it } from "vitest";
import { assignListedSplits, assignRandomSplits } from "./splits.js";

const images = (count: number) =>
  Array.from({ length: count }, (_, index): { name: string; split?: string } => ({ name: `${index}.jpg` }));
const list = (split: string, ...names: string[]) => ({
  split,
  file: `${split}.txt`,
  names: names.map((name, index) => ({ name, record: `line ${index + 1}` })),
});

it("puts images into the splits that list them, with or without extension", () => {
  const all = images(4);
  expect(assignListedSplits(all, [list("train", "0.jpg", "2"), list("test", "3.jpg")])).toEqual([]);
  expect(all.map(({ split }) => split)).toEqual(["train", undefined, "train", "test"]);
});

it("tells names without captions, repeated names and names in two splits", () => {
  const problems = assignListedSplits(images(2), [
    list("train", "0.jpg", "9.jpg", "0.jpg"),
    list("test", "0.jpg"),
  ]);
  expect(problems.map(({ file, record, message }) => `${file} ${record} ${message}`)).toEqual([
    expect.stringContaining("train.txt line 2 9.jpg has no caption"),
    expect.stringContaining("train.txt line 3 0.jpg is listed twice"),
    expect.stringContaining("test.txt line 1 0.jpg is in split train too"),
  ]);
});

it("draws splits by seed and name, whatever the order of the images", () => {
  const drawn = (all: { name: string; split?: string }[], seed: number) => {
    assignRandomSplits(all, { validation: 3, test: 2, seed });
    return Object.fromEntries(all.map(({ name, split }) => [name, split]));
  };
  const first = drawn(images(12), 1);
  const splits = Object.values(first);
  expect(splits.filter((split) => split === "validation")).toHaveLength(3);
  expect(splits.filter((split) => split === "test")).toHaveLength(2);
  expect(splits.filter((split) => split === "train")).toHaveLength(7);
  expect(drawn(images(12).reverse(), 1)).toEqual(first);
  expect(drawn(images(12), 2)).not.toEqual(first);
});
