import { describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { uniform01 } from "../graph/philox.js";
import { dualPath } from "../models/dual-path.js";
import { Miner, withHardNegatives } from "./miner.js";

const batch = {
  image: new Float32Array(4),
  imageLabel: Int32Array.of(0, 1, 2, 3),
  text: Int32Array.of(10, 11, 12, 13),
  textLabel: Int32Array.of(0, 1, 2, 3),
  candidateText: Int32Array.of(20, 21, 22),
  candidateLabel: Int32Array.of(0, 7, 8),
};

describe("hard text negatives", () => {
  it("replace the second half's texts and labels and nothing else", () => {
    const mined = withHardNegatives(batch, Float32Array.of(0.9, 0.1, 0.5, 0.9, 0.1, 0.5));
    expect([...mined.text]).toEqual([10, 11, 22, 20]);
    expect([...mined.textLabel]).toEqual([0, 1, 8, 0]);
    expect(mined.image).toBe(batch.image);
    expect([...batch.text]).toEqual([10, 11, 12, 13]);
  });

  it("are never of the anchor's own class, and the first of equals wins", () => {
    const mined = withHardNegatives(batch, Float32Array.of(1, 0.4, 0.4, 0.2, 0.2, 0.2));
    expect([...mined.textLabel.subarray(2)]).toEqual([7, 0]);
  });

  it("leave a row as it is when every candidate is of the anchor's class", () => {
    const own = { ...batch, candidateLabel: Int32Array.of(0, 0, 0) };
    const mined = withHardNegatives(own, new Float32Array(6));
    expect([...mined.textLabel]).toEqual([0, 1, 2, 0]);
    expect(mined.text[2]).toBe(12);
  });
});

const [IMAGE, TEXT, EMBEDDING, ROWS, CANDIDATES] = [4, 5, 6, 8, 256];
const HALF = ROWS / 2;
const EPSILON = 1e-3;

type Numbers = ArrayLike<number>;
const numbers = (count: number, stream: number): Float32Array =>
  uniform01(29, stream, 0, count).map((value) => 2 * value - 1);
const rowOf = (rows: Float32Array, row: number, width: number): Float32Array =>
  rows.subarray(row * width, (row + 1) * width);

const tiny = dualPath(
  {
    image: { kind: "features", dimension: IMAGE },
    text: { kind: "vector", dimension: TEXT },
    embedding: EMBEDDING,
  },
  { classes: ROWS, vocabulary: 0 },
);

/** Weights and moving statistics unlike those of any batch; variances are positive. */
const values = new Map(
  tiny.parameters.map(({ name, shape }, index) => {
    const drawn = numbers(
      shape.reduce((product, extent) => product * extent, 1),
      10 + index,
    );
    return [name, name.endsWith("running_var") ? drawn.map((value) => 1.5 + value) : drawn];
  }),
);

/** Linear layer and batch norm of the moving statistics, by loops in float64. */
function layer(x: Numbers, head: string, index: number): number[] {
  const part = (name: string): Float32Array => values.get(`${head}.${name}`)!;
  const [weight, width] = [part(`fc${index}.weight`), x.length];
  const [mean, variance] = [part(`bn${index}.running_mean`), part(`bn${index}.running_var`)];
  const [gamma, beta] = [part(`bn${index}.weight`), part(`bn${index}.bias`)];
  return Array.from(mean, (centre, output) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += weight[output * width + k]! * x[k]!;
    return (gamma[output]! * (sum - centre)) / Math.sqrt(variance[output]! + EPSILON) + beta[output]!;
  });
}

const imageFeature = (x: Numbers): number[] =>
  layer(
    layer(x, "image.head", 1).map((value) => Math.max(0, value)),
    "image.head",
    2,
  );
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, k) => sum + value * b[k]!, 0);

/** The candidate that scores highest with each anchor, among those that `allowed` lets pass. */
function hardestByLoops(
  score: (a: readonly number[], b: readonly number[]) => number,
  data: { readonly image: Float32Array; readonly candidateText: Float32Array },
  allowed: (anchor: number, candidate: number) => boolean,
): number[] {
  return Array.from({ length: HALF }, (_, anchor) => {
    const image = imageFeature(rowOf(data.image, anchor, IMAGE));
    let [best, highest] = [-1, -Infinity];
    for (let candidate = 0; candidate < CANDIDATES; candidate++) {
      const found = score(image, layer(rowOf(data.candidateText, candidate, TEXT), "text.head", 1));
      if (allowed(anchor, candidate) && found > highest) [best, highest] = [candidate, found];
    }
    return best;
  });
}

describe("mining", () => {
  it("takes, for each anchor image, the caption of highest cosine in test mode among 256 of other classes", async () => {
    const labels = Int32Array.from({ length: ROWS }, (_, row) => row);
    const candidateLabel = Int32Array.from({ length: CANDIDATES }, (_, index) => (index + 1) % HALF);
    const data = {
      ...{ image: numbers(ROWS * IMAGE, 1), text: numbers(ROWS * TEXT, 2) },
      ...{ imageLabel: labels, textLabel: labels },
      ...{ candidateText: numbers(CANDIDATES * TEXT, 3), candidateLabel },
    };
    const cosine = (a: readonly number[], b: readonly number[]): number =>
      dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    const other = (anchor: number, candidate: number): boolean =>
      candidateLabel[candidate] !== labels[anchor];
    const expected = hardestByLoops(cosine, data, other);
    // Neither rule goes without saying here.
    expect(hardestByLoops(dot, data, other)).not.toEqual(expected);
    expect(hardestByLoops(cosine, data, () => true)).not.toEqual(expected);

    await using store = Store.open({ device: "reference" });
    for (const { name, shape } of tiny.parameters) await store.write(name, shape, "f32", values.get(name)!);
    const miner = await Miner.open(store, tiny, { batchSize: ROWS, candidates: CANDIDATES, source: [1, 1] });
    const mined = await miner.mine(data);
    expect([...mined.textLabel]).toEqual([0, 1, 2, 3, ...expected.map((chosen) => candidateLabel[chosen]!)]);
    const rows = expected.flatMap((chosen) => [...rowOf(data.candidateText, chosen, TEXT)]);
    expect([...mined.text]).toEqual([...data.text.subarray(0, HALF * TEXT), ...rows]);
    await miner.dispose();
  });

  it("asks for the candidates that it was opened for", async () => {
    await using store = Store.open({ device: "reference" });
    for (const { name, shape } of tiny.parameters) await store.write(name, shape, "f32", values.get(name)!);
    const miner = await Miner.open(store, tiny, { batchSize: ROWS, candidates: CANDIDATES, source: [1, 1] });
    const labels = new Int32Array(ROWS);
    const few = { image: numbers(ROWS * IMAGE, 1), text: numbers(ROWS * TEXT, 2), imageLabel: labels };
    await expect(miner.mine({ ...few, textLabel: labels })).rejects.toMatchObject({ code: "BATCH" });
    await miner.dispose();
  });
});
