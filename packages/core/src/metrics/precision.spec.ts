import { afterAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { uniform01 } from "../graph/philox.js";
import { precision } from "./precision.js";

const store = Store.open({ device: "reference" });
afterAll(() => store.dispose());

const line = (labels: readonly number[], scores: readonly number[]) => ({
  labels: Int32Array.from(labels),
  embedding: Float32Array.from(scores),
});
const query = (label: number) => line([label], [1]);

describe("precision over all matches", () => {
  it("of a hand-made list: matches at ranks 1, 3 and 6", async () => {
    const gallery = line([7, 1, 7, 2, 3, 7], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]);
    const result = await precision(store, query(7), gallery, 1);
    expect(result.meanAveragePrecision).toBeCloseTo((100 * (1 + 2 / 3 + 3 / 6)) / 3, 4);
    expect(result.trapezoidalPrecision).toBeCloseTo(
      (100 * (1 + (2 / 3 + 1 / 2) / 2 + (3 / 6 + 2 / 5) / 2)) / 3,
      4,
    );
    expect(result.inverseNegativePenalty).toBeCloseTo((100 * 3) / 6, 4);
    expect(result.queries).toBe(1);
  });

  it("counts wrong items that tie with a match as ranked before it", async () => {
    const gallery = line([1, 7, 7, 2], [0.5, 0.5, 0.5, 0.1]);
    const result = await precision(store, query(7), gallery, 1);
    expect(result.meanAveragePrecision).toBeCloseTo((100 * (1 / 2 + 2 / 3)) / 2, 4);
    expect(result.inverseNegativePenalty).toBeCloseTo((100 * 2) / 3, 4);
  });

  it("leaves out queries without a match, and is NaN where no query has one", async () => {
    const gallery = line([1, 2], [0.5, 0.4]);
    const both = line([9, 1], [1, 1]);
    expect(await precision(store, both, gallery, 1)).toMatchObject({ queries: 1, meanAveragePrecision: 100 });
    expect((await precision(store, query(9), gallery, 1)).meanAveragePrecision).toBeNaN();
  });

  it("agrees with plain sorting on random embeddings, over several blocks", async () => {
    const [queries, items, dimension] = [300, 2100, 3];
    const numbers = uniform01(3, 1, 1, (queries + items) * dimension).map((value) => value - 0.5);
    const labelOf = (index: number): number => (index * 7) % 41;
    const labels = (count: number) => Int32Array.from({ length: count }, (_, index) => labelOf(index));
    const from = { labels: labels(queries), embedding: numbers.slice(0, queries * dimension) };
    const gallery = { labels: labels(items), embedding: numbers.slice(queries * dimension) };
    let average = 0;
    for (let row = 0; row < queries; row++) {
      const score = (item: number): number =>
        [0, 1, 2].reduce(
          (sum, k) => sum + from.embedding[3 * row + k]! * gallery.embedding[3 * item + k]!,
          0,
        );
      const order = [...gallery.labels.keys()].sort((a, b) => score(b) - score(a));
      let hits = 0;
      const precisions = order.flatMap((item, rank) =>
        gallery.labels[item] === from.labels[row] ? [++hits / (rank + 1)] : [],
      );
      average += precisions.reduce((a, b) => a + b, 0) / hits / queries;
    }
    const result = await precision(store, from, gallery, dimension);
    expect(result.meanAveragePrecision).toBeCloseTo(100 * average, 3);
  });

  it("refuses embeddings of another size", async () => {
    const wrong = { labels: Int32Array.of(1), embedding: new Float32Array(3) };
    await expect(precision(store, wrong, query(1), 1)).rejects.toMatchObject({ code: "EMBEDDING" });
  });
});
