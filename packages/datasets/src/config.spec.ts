import { expect, it } from "vitest";
import { z } from "zod";
import { corpusSchema, emojiSchema } from "./config.js";

it("fills in the settings of the paper", () => {
  expect(corpusSchema.parse({ kind: "flickr8k", directory: "data" })).toMatchObject({
    layout: "auto",
    image: { size: 256, crop: { area: [0.8, 1], aspect: [3 / 4, 4 / 3], flip: 0.5 } },
    text: { length: 32, alignment: "random", minimumCount: 1 },
    sampling: { anchor: "image", distinctClasses: false },
    problems: "error",
  });
  expect(corpusSchema.parse({ kind: "emoji" })).toMatchObject({
    protocol: "P1",
    splitSeed: 0,
    image: { size: 64 },
  });
});

const faults: [string, object, string][] = [
  ["an unknown kind", { kind: "flickr9k" }, "kind"],
  ["an unknown key", { kind: "emoji", vendor: "noto" }, "vendor"],
  ["a wrong type", { kind: "flickr8k", directory: 8 }, "directory"],
  ["a missing folder", { kind: "flickr8k" }, "directory"],
  ["a nested unknown key", { kind: "emoji", text: { lenght: 3 } }, "lenght"],
  ["a crop range upside down", { kind: "emoji", image: { crop: { area: [1, 0.5] } } }, "area"],
  [
    "word vectors from nowhere",
    { kind: "emoji", text: { wordVectors: { restrict: true } } },
    "file or package",
  ],
  ["dropping every word", { kind: "emoji", text: { wordDropout: 1 } }, "wordDropout"],
  ["splits without sizes", { kind: "captions", images: "a", captions: "b", splits: { test: 5 } }, "splits"],
];

it.each(faults)("refuses %s, naming the place", (_, input, part) => {
  const parsed = corpusSchema.safeParse(input);
  expect(parsed.success).toBe(false);
  expect(z.prettifyError(parsed.error as z.ZodError)).toContain(part);
});

it("takes whole images with crop: none", () => {
  expect(emojiSchema.parse({ kind: "emoji", image: { crop: "none" } }).image.crop).toBe("none");
});
