import { Store } from "@dualpath/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EvaluationData, TrainingData } from "@dualpath/datasets";
import { plainMultiply } from "@dualpath/datasets";
import { learnCanonical, scoreCanonical } from "./retrieval.js";

const ROWS = 700;
const [WIDTH_X, WIDTH_Y] = [6, 5];

const noise = (index: number, stream: number): number => {
  const wave = Math.sin(index * 12.9898 + stream * 78.233) * 43758.5453;
  return 2 * (wave - Math.floor(wave)) - 1;
};

/** Three hidden numbers of a pair, seen through two mixtures with a little noise and far from the origin. */
function view(row: number, width: number, stream: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    const hidden = [1, 2, 3].map((k) => noise(row, k) * noise(column + 1, stream + k));
    return 10 + hidden.reduce((sum, value) => sum + value) + 0.01 * noise(row * width + column, stream);
  });
}

const matrix = (rows: readonly number[], width: number, stream: number): Float32Array =>
  Float32Array.from(rows.flatMap((row) => view(row, width, stream)));

const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

/** Batches as the loader makes them: padded to the batch size. */
async function* padded(width: number, stream: number, batchSize: number) {
  for (let first = 0; first < ROWS; first += batchSize) {
    const count = Math.min(batchSize, ROWS - first);
    const rows = new Float32Array(batchSize * width);
    rows.set(matrix(range(ROWS + first, count), width, stream));
    yield { image: rows, text: rows, count };
  }
}

const labels = Int32Array.from({ length: ROWS }, (_, row) => row);
const evaluation: EvaluationData = {
  name: "unseen",
  fingerprint: "",
  images: { count: ROWS, labels, batches: (size) => padded(WIDTH_X, 20, size), nameOf: String },
  texts: { count: ROWS, labels, batches: (size) => padded(WIDTH_Y, 40, size), captionOf: String },
};

const training = (imageShape: readonly number[]): TrainingData => ({
  classes: ROWS,
  vocabularySize: 0,
  length: WIDTH_Y,
  textKind: "vectors",
  imageShape,
  splits: ["unseen"],
  stepsPerEpoch: (batchSize) => Math.floor(ROWS / batchSize),
  async *batches({ batchSize, epoch }) {
    const first = (epoch * 97) % (ROWS - batchSize);
    const rows = range(first, batchSize);
    const label = Int32Array.from(rows);
    yield {
      image: matrix(rows, WIDTH_X, 20),
      text: matrix(rows, WIDTH_Y, 40),
      imageLabel: label,
      textLabel: label,
    };
  },
  evaluation: () => evaluation,
});

const options = { dimensions: 3, regularization: 1e-4, passes: 2, seed: 0, multiply: plainMultiply };

let store: Store;
beforeAll(() => void (store = Store.open({ device: "cpu", threads: 1 })));
afterAll(() => store.dispose());

it("finds pairs that were never seen through what both views share", async () => {
  const seen: number[] = [];
  const found = await learnCanonical(training([WIDTH_X]), {
    ...options,
    onPairs: (count, total) => seen.push(count, total),
  });
  expect(seen).toEqual([512, 1024, 1024, 1024]);
  const scoring = { power: 4, multiply: plainMultiply, galleries: false };
  const { full, split } = await scoreCanonical(store, evaluation, found, scoring);
  expect(split).toBe("unseen");
  expect(full.imageToText.r1).toBeGreaterThan(50);
  expect(full.textToImage.r1).toBeGreaterThan(50);
});

it("takes no pictures", async () => {
  await expect(learnCanonical(training([8, 8, 3]), options)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("images are [8, 8, 3]"),
  });
});
