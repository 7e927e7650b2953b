import { expect, it } from "vitest";
import { readAllArtwork } from "./artwork.js";
import { captionSources, readCaptions } from "./captions.js";
import { conceptKey, conceptKeyOf, readConcepts } from "./concepts.js";
import { familyOf } from "./family.js";
import { packageVersions } from "./packages.js";
import { iconName, vendors } from "./vendors.js";

const concepts = readConcepts();
const artwork = readAllArtwork(concepts);

it("knows 1,644 concepts, none of them a flag, a skin tone or a piece of hair", () => {
  expect(concepts).toHaveLength(1644);
  expect(concepts.filter(({ name }) => /^flag: |skin tone|^(red|curly|white) hair$/.test(name))).toEqual([]);
  expect(new Set(concepts.map(({ key }) => key)).size).toBe(concepts.length);
});

it("finds a concept whatever its skin tone and variation selector", () => {
  expect(conceptKey("1F44B-1F3FD")).toBe("1F44B");
  expect(conceptKeyOf("❤️")).toBe("2764");
  expect(conceptKeyOf("👩🏽‍💻")).toBe("1F469-200D-1F4BB");
});

it("finds 8,804 pictures by six vendors", () => {
  const { vendor, group, documents } = artwork;
  const counts = vendors.map((_, id) => vendor.filter((one) => one === id).length);
  expect(counts).toEqual([1644, 1644, 1644, 1586, 1076, 1210]);
  expect([group.length, documents.length]).toEqual([8804, 8804]);
});

it("does not take the game of cricket for the insect", () => {
  const names = artwork.documents.map(({ name }) => name);
  expect(names).toContain("emojione: cricket game");
  expect(names).not.toContain("emojione: cricket");
});

it("spells short names as the icon sets do", () => {
  expect(iconName("twelve o’clock", false)).toBe("twelve-oclock");
  expect(iconName("keycap: #", true)).toBe("keycap-pound");
  expect(iconName("piñata", false)).toBe("pinata");
  expect([iconName("ON! arrow", true), iconName("ON! arrow", false)]).toEqual([
    "on-exclamation-arrow",
    "on-arrow",
  ]);
});

it("reads captions of five sources and never says the same twice of one concept", () => {
  const captions = readCaptions(concepts);
  const counts = captionSources.map((_, id) => captions.filter(({ source }) => source === id).length);
  expect(counts).toEqual([1644, 1600, 1639, 785, 668]);
  expect(new Set(captions.map(({ text, group }) => `${group} ${text}`)).size).toBe(6336);
  expect(new Set(captions.flatMap(({ text }) => text.split(" "))).size).toBe(5398);
  const cat = captions.filter(({ group }) => concepts[group]?.name === "cat").map(({ text }) => text);
  expect(cat).toContain("animal animals cats kitten pet");
});

it("puts concepts that differ by gender, direction, colour or digit into one family", () => {
  const family = (name: string) =>
    familyOf(concepts.find((concept) => concept.name === name) ?? missing(name));
  const missing = (name: string): never => expect.fail(`no concept ${name}`);
  expect(family("man technologist")).toBe(family("woman technologist"));
  expect(family("woman running")).toBe(family("person running"));
  expect(family("person: red hair")).toBe(family("man: bald"));
  expect(family("red heart")).toBe(family("blue heart"));
  expect(family("keycap: 3")).toBe(family("keycap: *"));
  expect(family("dog")).not.toBe(family("cat"));
  expect(family("female sign")).not.toBe(family("male sign"));
  expect(new Set(concepts.map(familyOf)).size).toBe(1288);
});

it("stands on the exact package versions that its counts were taken with", () => {
  expect(packageVersions()).toEqual({
    "@iconify-json/noto": "1.2.9",
    "@iconify-json/twemoji": "1.2.5",
    "@iconify-json/openmoji": "1.2.29",
    "@iconify-json/fluent-emoji-flat": "1.2.6",
    "@iconify-json/emojione": "1.2.3",
    "@iconify-json/noto-v1": "1.2.5",
    "emojibase-data": "17.0.0",
    emojilib: "4.0.3",
    gemoji: "8.1.0",
    openmoji: "17.0.0",
  });
});
