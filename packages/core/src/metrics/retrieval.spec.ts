import { afterAll, describe, expect, it } from "vitest";
import { Store } from "../engine/store.js";
import { uniform01 } from "../graph/philox.js";
import type { LabelledEmbeddings } from "./labelled-embeddings.js";
import { matchRanks, retrieval } from "./retrieval.js";

const store = Store.open({ device: "reference" });
afterAll(() => store.dispose());

const set = (labels: readonly number[], rows: readonly (readonly number[])[]): LabelledEmbeddings => ({
  embedding: Float32Array.from(rows.flat()),
  labels: Int32Array.from(labels),
});

const ranks = async (queries: LabelledEmbeddings, gallery: LabelledEmbeddings, options = {}) =>
  Array.from((await matchRanks(store, queries, gallery, 2, options)).queries);

describe("ranks of the best match", () => {
  it("are the same where rows of a block are kept apart from a page", async () => {
    const random = uniform01(3, 5, 0, 40);
    const rows = (begin: number, count: number): number[][] =>
      Array.from({ length: count }, (_, row) => [random[begin + 2 * row]!, random[begin + 2 * row + 1]!]);
    const long = (values: readonly number[]): number[] => [...values, ...Array<number>(1022).fill(0)];
    const [queries, items] = [rows(0, 8), rows(16, 12)];
    const labels = { queries: [0, 1, 2, 3, 0, 1, 2, 3], items: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3] };
    const of = (dimension: number, widen: (values: readonly number[]) => readonly number[]) =>
      matchRanks(
        store,
        set(labels.queries, queries.map(widen)),
        set(labels.items, items.map(widen)),
        dimension,
      );
    expect(await of(1024, long)).toEqual(await of(2, (values) => values));
  });

  it("count the wrong items that score higher", async () => {
    const gallery = set(
      [0, 1, 2],
      [
        [1, 0],
        [0.9, 0],
        [0.8, 0],
      ],
    );
    expect(
      await ranks(
        set(
          [2, 0, 1],
          [
            [1, 0],
            [1, 0],
            [-1, 0],
          ],
        ),
        gallery,
      ),
    ).toEqual([3, 1, 2]);
  });

  it("take the best of several matches and never count a match against another", async () => {
    const gallery = set(
      [5, 5, 1, 5],
      [
        [0.1, 0],
        [0.9, 0],
        [0.95, 0],
        [0.97, 0],
      ],
    );
    expect(
      await ranks(
        set(
          [5, 1],
          [
            [1, 0],
            [1, 0],
          ],
        ),
        gallery,
      ),
    ).toEqual([1, 2]);
  });

  it("count a wrong item with an equal score against the query", async () => {
    const gallery = set(
      [0, 1, 2],
      [
        [0.5, 0],
        [0.5, 0],
        [0.5, 0],
      ],
    );
    expect(
      await ranks(
        set(
          [0, 1],
          [
            [1, 0],
            [1, 0],
          ],
        ),
        gallery,
      ),
    ).toEqual([3, 3]);
  });

  it("do not count equal matches against the query", async () => {
    const gallery = set(
      [0, 0, 0, 1],
      [
        [0.5, 0],
        [0.5, 0],
        [0.5, 0],
        [0.4, 0],
      ],
    );
    expect(await ranks(set([0], [[1, 0]]), gallery)).toEqual([1]);
  });

  it("collapsed embeddings rank last and not first", async () => {
    const same = set(
      [0, 1, 2, 3],
      Array.from({ length: 4 }, () => [0, 0]),
    );
    expect(await ranks(same, same)).toEqual([4, 4, 4, 4]);
  });

  it("are 0 for a query without a match in the gallery", async () => {
    expect(
      await ranks(
        set(
          [7, 0],
          [
            [1, 0],
            [1, 0],
          ],
        ),
        set(
          [0, 3],
          [
            [1, 0],
            [0, 1],
          ],
        ),
      ),
    ).toEqual([0, 1]);
  });

  it("are not moved by the padding of blocks, whatever the sign of the scores", async () => {
    const gallery = set(
      [0, 1, 2],
      [
        [-0.5, 0],
        [-0.9, 0],
        [0, 0.1],
      ],
    );
    expect(
      await ranks(
        set(
          [0, 1, 2],
          [
            [1, 0],
            [1, 0],
            [1, 0],
          ],
        ),
        gallery,
      ),
    ).toEqual([2, 3, 1]);
  });

  it("are the same for every block size as by plain loops", async () => {
    const [queries, gallery, dimension] = [50, 90, 4];
    const random = (count: number, stream: number) =>
      uniform01(3, stream, 1, count * dimension).map((u) => Math.round(u * 16) / 16 - 0.5);
    const label = (count: number, stream: number) =>
      Int32Array.from(uniform01(3, stream, 2, count), (u) => Math.floor(u * 20));
    const q = { embedding: random(queries, 1), labels: label(queries, 1) };
    const g = { embedding: random(gallery, 2), labels: label(gallery, 2) };
    const score = (a: number, b: number): number => {
      let sum = 0;
      for (let k = 0; k < dimension; k++)
        sum += q.embedding[a * dimension + k]! * g.embedding[b * dimension + k]!;
      return Math.fround(sum);
    };
    const rankAmong = (own: number, others: Int32Array, scoreOf: (other: number) => number): number => {
      const scores = Array.from(others, (label, other) => ({ match: label === own, score: scoreOf(other) }));
      const best = Math.max(...scores.filter(({ match }) => match).map((item) => item.score));
      if (best === -Infinity) return 0;
      return 1 + scores.filter((item) => !item.match && item.score >= best).length;
    };
    const expected = {
      queries: q.labels.map((own, a) => rankAmong(own, g.labels, (b) => score(a, b))),
      gallery: g.labels.map((own, b) => rankAmong(own, q.labels, (a) => score(a, b))),
    };
    for (const options of [{}, { queryRows: 32, galleryRows: 32 }, { queryRows: 17, galleryRows: 41 }]) {
      expect(await matchRanks(store, q, g, dimension, options)).toEqual(expected);
    }
  });
});

describe("retrieval both ways", () => {
  it("searches several captions per image by label", async () => {
    const images = set(
      [0, 1],
      [
        [1, 0],
        [0, 1],
      ],
    );
    const texts = set(
      [0, 0, 1, 1],
      [
        [1, 0.25],
        [0.25, 0.5],
        [0, 1],
        [0.125, 0.75],
      ],
    );
    const result = await retrieval(store, { images, texts, dimension: 2 });
    expect(result.imageToText.r1).toBe(100);
    expect(result.textToImage.r1).toBe(75);
    expect(result.textToImage.r5).toBe(100);
  });

  it("refuses numbers that are not finite and row counts that do not fit", async () => {
    const good = set([0], [[1, 0]]);
    const wrong = { embedding: Float32Array.of(1, Number.NaN), labels: Int32Array.of(0) };
    await expect(ranks(good, wrong)).rejects.toMatchObject({
      code: "EMBEDDING",
      details: { what: "gallery", row: 0 },
    });
    await expect(ranks({ ...good, labels: Int32Array.of(0, 1) }, good)).rejects.toMatchObject({
      code: "EMBEDDING",
    });
  });

  it("stops when its signal is raised", async () => {
    const stop = new AbortController();
    stop.abort();
    const good = set([0], [[1, 0]]);
    await expect(ranks(good, good, { signal: stop.signal })).rejects.toThrow();
  });
});
