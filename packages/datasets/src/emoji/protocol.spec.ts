import { expect, it } from "vitest";
import { readAllArtwork } from "./artwork.js";
import { captionSources, readCaptions } from "./captions.js";
import { readConcepts } from "./concepts.js";
import { assignMembers, heldOutSources, heldOutVendor, type PartMembers } from "./protocol.js";
import { readSplit } from "./split.js";
import { vendors } from "./vendors.js";

const groups = readConcepts();
const captions = readCaptions(groups);
const { group: imageGroup, vendor: imageVendor } = readAllArtwork(groups);
const rows = { groups, imageGroup, imageVendor, captions };
const split = readSplit(groups, 0);

const groupsOf = (part: PartMembers) => new Set(Array.from(part.images, (row) => imageGroup[row] as number));
const vendorsOf = (part: PartMembers) =>
  new Set(Array.from(part.images, (row) => vendors[imageVendor[row] as number]));
const sourcesOf = (part: PartMembers) =>
  new Set(Array.from(part.captions, (row) => captionSources[captions[row]?.source as number]));

it("tests P1 on concepts that training never saw", () => {
  const { train, validation, test, classes } = assignMembers(rows, split, "P1");
  const [trained, validated, tested] = [groupsOf(train), groupsOf(validation), groupsOf(test)];
  expect([trained.size, validated.size, tested.size, classes]).toEqual([1090, 150, 400, 1090]);
  expect(new Set([...trained, ...validated, ...tested]).size).toBe(1640);
});

it("offers a gallery of each vendor and one of all", () => {
  const { test } = assignMembers(rows, split, "P1");
  expect(test.galleries.map(({ name }) => name)).toEqual([...vendors, "all"]);
  const twemoji = test.galleries.find(({ name }) => name === "twemoji")?.images ?? new Int32Array();
  expect(twemoji).toHaveLength(400);
  expect(new Set(Array.from(twemoji, (position) => test.imageLabels[position]))).toEqual(
    new Set(Array(400).keys()),
  );
});

it.each(["P1", "P2"] as const)("gives every tested concept a picture and a caption (%s)", (protocol) => {
  const { validation, test } = assignMembers(rows, split, protocol);
  for (const part of [validation, test])
    expect(new Set(part.captionLabels)).toEqual(new Set(part.imageLabels));
});

it("labels an image and a caption equally exactly where they belong to one concept", () => {
  const { train } = assignMembers(rows, split, "P1");
  const labelOfGroup = new Map(Array.from(train.images, (row, i) => [imageGroup[row], train.imageLabels[i]]));
  train.captions.forEach((row, i) =>
    expect(labelOfGroup.get(captions[row]?.group)).toBe(train.captionLabels[i]),
  );
});

it("tests P2 on known concepts, but on a vendor and on text sources that training never saw", () => {
  const { train, test, classes } = assignMembers(rows, split, "P2");
  const trained = groupsOf(train);
  expect([...groupsOf(test)].every((group) => trained.has(group))).toBe(true);
  expect(classes).toBe(1640);
  expect(vendorsOf(test)).toEqual(new Set([heldOutVendor]));
  expect(vendorsOf(train).has(heldOutVendor)).toBe(false);
  expect(sourcesOf(test)).toEqual(new Set(heldOutSources));
  expect(heldOutSources.some((source) => sourcesOf(train).has(source))).toBe(false);
});
