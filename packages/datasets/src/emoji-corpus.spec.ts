import { join } from "node:path";
import { expect, it } from "vitest";
import { emojiSchema } from "./config.js";
import { assembleEmoji } from "./emoji-corpus.js";
import type { EmojiCorpus } from "./emoji/corpus.js";
import { collect, temporaryFolder } from "./testing/fixtures.js";

const context = { cacheDirectory: join(await temporaryFolder(), "cache") };
const ints = (...values: number[]) => Int32Array.of(...values);
const concept = (key: string) => ({ key, name: key, keywords: [], subgroup: "animal" });
const caption = (group: number, text: string) => ({ group, text, source: 0 });
const held = {
  name: "test",
  images: ints(4, 5),
  imageLabels: ints(0, 0),
  captions: ints(3),
  captionLabels: ints(0),
  galleries: [{ name: "noto", images: ints(0) }],
};

/** Three concepts drawn twice each; two train, the third is validation and test. Row i is filled with i. */
const emoji: EmojiCorpus = {
  name: "emoji P1, split 0",
  size: 2,
  groups: ["1F415", "1F408", "1F404"].map(concept),
  images: Uint8Array.from({ length: 6 * 12 }, (_, index) => Math.floor(index / 12)),
  imageGroup: ints(0, 0, 1, 1, 2, 2),
  imageVendor: ints(0, 1, 0, 1, 0, 1),
  captions: [caption(0, "dog"), caption(0, "pet dog"), caption(1, "cat"), caption(2, "cow")],
  members: {
    classes: 2,
    train: {
      name: "train",
      images: ints(0, 1, 2, 3),
      imageLabels: ints(0, 0, 1, 1),
      captions: ints(0, 1, 2),
      captionLabels: ints(0, 0, 1),
      galleries: [],
    },
    validation: { ...held, name: "validation" },
    test: held,
  },
  checksum: "",
  versions: {},
};

it("pairs every drawing of a concept with any of its captions", async () => {
  const config = emojiSchema.parse({
    kind: "emoji",
    image: { size: 8 },
    sampling: { distinctClasses: true },
  });
  const corpus = await assembleEmoji(emoji, config, context);
  const data = await corpus.trainingData();
  expect(data).toMatchObject({ classes: 2, imageShape: [2, 2, 3] });
  const pairs = new Set<string>();
  for (let epoch = 0; epoch < 20; epoch++)
    for await (const { image, text, imageLabel } of data.batches({ epoch, batchSize: 2, seed: 0 })) {
      expect([...imageLabel].sort()).toEqual([0, 1]);
      for (const row of [0, 1])
        pairs.add(`${image[row * 12]}: ${text.subarray(row * 32, row * 32 + 32).filter(Boolean)}`);
    }
  const { vocabulary } = corpus;
  const dog = [vocabulary.encode("dog"), vocabulary.encode("pet dog")];
  const cat = vocabulary.encode("cat");
  expect([...pairs].sort()).toEqual(
    [`0: ${dog[0]}`, `0: ${dog[1]}`, `1: ${dog[0]}`, `1: ${dog[1]}`, `2: ${cat}`, `3: ${cat}`].sort(),
  );
});

it("evaluates on its parts with a gallery for each vendor", async () => {
  const corpus = await assembleEmoji(emoji, emojiSchema.parse({ kind: "emoji" }), context);
  expect(corpus.report.splits).toMatchObject({
    train: { images: 4, captions: 3 },
    test: { images: 2, captions: 1 },
  });
  const test = (await corpus.trainingData()).evaluation("test");
  expect(test.name).toBe("emoji P1, split 0/test");
  expect(test.galleries).toEqual(held.galleries);
  expect([test.images.nameOf(1), test.texts.captionOf(0)]).toEqual([`${corpus.imageNames[5]}`, "cow"]);
  expect(corpus.imageNames[5]).toContain("1F404");
  const [batch] = await collect(test.images.batches(2));
  expect([batch?.image[0], batch?.image[12]]).toEqual([4, 5]);
});
