import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { paperCrop } from "../image/boxes.js";
import { collect, expectError } from "../testing/fixtures.js";
import { featureImages, memoryImages } from "./image-rows.js";
import { packTexts, vectorTexts, wordTexts } from "./text-rows.js";
import { createTrainingData, type SamplingOptions, type TrainingSource } from "./training-data.js";
import type { Batch } from "./types.js";

/** 24 training and 5 test images of 2x2; image i is filled with i; caption c has ids c + 1 and c + 2. */
const IMAGES = 29;
const TRAIN = 24;
const CAPTIONS_EACH = 3;
const LENGTH = 6;

function rowsFrom(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => first + index);
}

function captionRows(firstImage: number, images: number) {
  const rows = rowsFrom(firstImage * CAPTIONS_EACH, images * CAPTIONS_EACH);
  return { rows, labels: rows.map((row) => Math.floor(row / CAPTIONS_EACH) - firstImage) };
}

function source(sampling: SamplingOptions = {}, changes: Partial<TrainingSource> = {}): TrainingSource {
  const pixels = Uint8Array.from({ length: IMAGES * 12 }, (_, index) => Math.floor(index / 12));
  const captions = Array.from({ length: IMAGES * CAPTIONS_EACH }, (_, caption) => [caption + 1, caption + 2]);
  return {
    images: memoryImages(pixels, [2, 2, 3]),
    texts: wordTexts(packTexts(captions), LENGTH),
    classes: TRAIN,
    vocabularySize: IMAGES * CAPTIONS_EACH + 1,
    imageName: (row) => `${row}.jpg`,
    caption: (row) => `caption ${row}`,
    train: {
      name: "corpus/train",
      images: { rows: rowsFrom(0, TRAIN), labels: rowsFrom(0, TRAIN) },
      texts: captionRows(0, TRAIN),
    },
    evaluation: {
      test: {
        name: "corpus/test",
        images: { rows: rowsFrom(TRAIN, 5), labels: rowsFrom(0, 5) },
        texts: captionRows(TRAIN, 5),
      },
    },
    sampling: { crop: paperCrop, ...sampling },
    ...changes,
  };
}

function bitsOf(batch: Batch): string {
  const hash = createHash("sha256");
  for (const [name, array] of Object.entries(batch))
    hash.update(name).update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest("hex");
}

const options = { epoch: 2, batchSize: 4, seed: 11, candidates: 6 };
const epochBits = async (sampling: SamplingOptions, changes: object = {}) =>
  (await collect(createTrainingData(source(sampling)).batches({ ...options, ...changes }))).map(bitsOf);

const variations: SamplingOptions[] = [
  {},
  { anchor: "caption", distinctClasses: true, wordDropout: 0.3 },
  { anchor: "class", alignment: "left" },
];

it.each(variations)(
  "gives the same bits for the same seed and epoch, however far ahead it looks: %o",
  async (how) => {
    const bits = await epochBits({ ...how, prefetch: 1 });
    expect(bits.length).toBeGreaterThan(0);
    expect(await epochBits({ ...how, prefetch: 5 })).toEqual(bits);
    expect(await epochBits(how, { seed: 12 })).not.toEqual(bits);
    expect(await epochBits(how, { epoch: 3 })).not.toEqual(bits);
  },
);

it.each(variations)(
  "resumes at any step with the bits of the run that was not interrupted: %o",
  async (how) => {
    const bits = await epochBits(how);
    for (let skip = 0; skip <= bits.length; skip++)
      expect(await epochBits(how, { skip })).toEqual(bits.slice(skip));
  },
);

it("shows every image once a pass with one of its own captions", async () => {
  const batches = await collect(createTrainingData(source()).batches(options));
  const shown = batches.flatMap(({ imageLabel }) => [...imageLabel]);
  expect(shown.sort((a, b) => a - b)).toEqual([...rowsFrom(0, TRAIN)]);
  for (const { image, text, imageLabel, textLabel } of batches)
    for (let row = 0; row < options.batchSize; row++) {
      expect(textLabel[row]).toBe(imageLabel[row]);
      expect(image[row * 12]).toBe(imageLabel[row]);
      const firstWord = text.subarray(row * LENGTH, (row + 1) * LENGTH).find((id) => id > 0) as number;
      expect(Math.floor((firstWord - 1) / CAPTIONS_EACH)).toBe(imageLabel[row]);
    }
});

it("uses all captions of an image over the epochs", async () => {
  const data = createTrainingData(source());
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 30; epoch++)
    for await (const { text } of data.batches({ ...options, epoch, candidates: 0 }))
      for (let row = 0; row < options.batchSize; row++)
        seen.add(text.subarray(row * LENGTH, (row + 1) * LENGTH).find((id) => id > 0) as number);
  expect(seen.size).toBe(TRAIN * CAPTIONS_EACH);
});

it("draws different mining candidates of classes outside the batch", async () => {
  for await (const { candidateText, candidateLabel, imageLabel } of createTrainingData(source()).batches(
    options,
  )) {
    expect(candidateText).toHaveLength(6 * LENGTH);
    for (const label of candidateLabel as Int32Array) expect(imageLabel).not.toContain(label);
  }
});

it("leaves candidates out unless they are asked for", async () => {
  const [batch] = await collect(createTrainingData(source()).batches({ ...options, candidates: 0 }));
  expect(batch).not.toHaveProperty("candidateText");
});

it("crops inside the image, or takes it whole without augmentation", async () => {
  for await (const { box } of createTrainingData(source()).batches(options)) {
    expect(box).toHaveLength(20);
    expect(Math.max(...(box as Float32Array))).toBeLessThanOrEqual(2);
  }
  const whole = createTrainingData({ ...source(), sampling: {} });
  const [first] = await collect(whole.batches(options));
  expect([...(first?.box as Float32Array).subarray(0, 5)]).toEqual([0, 0, 2, 2, 0]);
});

it("refuses a batch that the corpus cannot fill and candidates that it does not have", async () => {
  const data = createTrainingData(source());
  await expectError(
    () => data.stepsPerEpoch(25),
    "BATCH_TOO_LARGE",
    "corpus/train",
    "24 images",
    "smaller batch",
  );
  await expectError(() => data.stepsPerEpoch(0), "OPTION", "batch size");
  const tooMany = data.batches({ ...options, candidates: 61 });
  await expectError(() => collect(tooMany), "BATCH_TOO_LARGE", "61 captions", "there are 60");
});

it("counts classes for batches of distinct classes", async () => {
  const caption = createTrainingData(source({ anchor: "caption", distinctClasses: true }));
  expect(caption.stepsPerEpoch(24)).toBe(3);
  await expectError(() => caption.stepsPerEpoch(25), "BATCH_TOO_LARGE", "24 classes");
});

it("stops with the reason of an aborted signal", async () => {
  const controller = new AbortController();
  const batches = createTrainingData(source()).batches({ ...options, signal: controller.signal });
  for await (const batch of batches) {
    expect(batch.image).toHaveLength(48);
    break;
  }
  controller.abort(new Error("stopped"));
  await expect(
    collect(createTrainingData(source()).batches({ ...options, signal: controller.signal })),
  ).rejects.toThrow("stopped");
});

it("feeds features and vectors, without boxes", async () => {
  const images = featureImages(
    Float32Array.from({ length: IMAGES * 3 }, (_, index) => index),
    3,
  );
  const texts = vectorTexts(
    Float32Array.from({ length: IMAGES * CAPTIONS_EACH * 2 }, (_, index) => -index),
    2,
  );
  const data = createTrainingData(source({}, { images, texts }));
  expect(data).toMatchObject({ imageShape: [3], length: 2, textKind: "vectors" });
  const [batch] = await collect(data.batches(options));
  expect(batch).not.toHaveProperty("box");
  expect(batch?.image).toBeInstanceOf(Float32Array);
  expect(batch?.image[0]).toBe((batch?.imageLabel[0] as number) * 3);
});

it("refuses labels and rows out of range", async () => {
  const { train } = source();
  const broken = (images: object) => ({
    ...source(),
    train: { ...train, images: { ...train.images, ...images } },
  });
  const labels = rowsFrom(1, TRAIN);
  await expectError(
    () => createTrainingData(broken({ labels })),
    "OPTION",
    "label 24 of row 23 is not in 0..23",
  );
  const rows = rowsFrom(10, TRAIN);
  await expectError(() => createTrainingData(broken({ rows })), "OPTION", "row 29 is not in 0..28");
});

const neighbours = { images: 2, texts: 2 };

it.each(variations)(
  "brings neighbours of each anchor, its pair first, and resumes among them: %o",
  async (how) => {
    const plain = await collect(
      createTrainingData(source(how)).batches({ ...options, neighbours: { images: 1, texts: 1 } }),
    );
    const batches = await collect(createTrainingData(source(how)).batches({ ...options, neighbours }));
    expect(batches).toHaveLength(plain.length);
    batches.forEach(({ imageLabel, textLabel, text }, step) => {
      const own = [...(plain[step] as Batch).imageLabel];
      expect([...imageLabel]).toEqual(own.flatMap((label) => [label, label]));
      expect([...textLabel]).toEqual(own.flatMap((label) => [label, label]));
      expect(text).toHaveLength(2 * options.batchSize * LENGTH);
    });
    const bits = batches.map(bitsOf);
    expect(await epochBits(how, { neighbours, skip: 2 })).toEqual(bits.slice(2));
  },
);

it("draws different captions of an image as neighbours, and repeats what there is too little of", async () => {
  const data = createTrainingData(source({ alignment: "left" }));
  const lastWords = (text: Batch["text"], row: number) =>
    Math.max(...text.subarray(row * LENGTH, (row + 1) * LENGTH));
  for await (const { text, image } of data.batches({ ...options, neighbours: { images: 2, texts: 4 } }))
    for (let anchor = 0; anchor < options.batchSize; anchor++) {
      const captions = [0, 1, 2, 3].map((member) => lastWords(text, anchor * 4 + member));
      expect(new Set(captions.slice(0, 3)).size).toBe(3);
      expect(captions[3]).toBe(captions[0]);
      expect(image[anchor * 24]).toBe(image[anchor * 24 + 12]);
    }
});
