import { describe, expect, it, onTestFinished } from "vitest";
import { Store } from "../engine/store.js";
import { ExactSearch, type RowSource } from "./exact-search.js";
import { uniform01 } from "../graph/philox.js";

const DIMENSION = 12;

/** Values on a coarse grid, so that scores are exact in float32 and many of them are equal. */
const grid = (count: number, stream: number): Float32Array =>
  Float32Array.from(uniform01(3, stream, 0, count * DIMENSION), (value) => (Math.floor(value * 5) - 2) / 2);

const sourceOf = (data: Float32Array): RowSource => ({
  count: data.length / DIMENSION,
  dimension: DIMENSION,
  read: (first, count) => data.slice(first * DIMENSION, (first + count) * DIMENSION),
});

function bruteForce(gallery: Float32Array, query: Float32Array, k: number) {
  const scores = Array.from({ length: gallery.length / DIMENSION }, (_, row) => {
    let score = 0;
    for (let at = 0; at < DIMENSION; at++) score += query[at]! * gallery[row * DIMENSION + at]!;
    return { row, score };
  });
  scores.sort((one, other) => other.score - one.score || one.row - other.row);
  const best = scores.slice(0, k);
  return { rows: best.map(({ row }) => row), scores: best.map(({ score }) => score) };
}

function openStore(device: "cpu" | "reference"): Store {
  const store = Store.open({ device, threads: 1 });
  onTestFinished(() => store.dispose());
  return store;
}

describe.each(["reference", "cpu"] as const)("exact search on %s", (device) => {
  it.each([1, 7, 64, 1000])(
    "finds what comparing all finds, ties in row order, in blocks of %i",
    async (blockRows) => {
      const gallery = grid(150, 1);
      const queries = grid(9, 2);
      const search = await ExactSearch.open(openStore(device), sourceOf(gallery), {
        blockRows,
        queryRows: 4,
      });
      const found = await search.search(queries, 6);
      expect(found).toHaveLength(9);
      found.forEach(({ rows, scores }, index) => {
        const expected = bruteForce(gallery, queries.subarray(index * DIMENSION, (index + 1) * DIMENSION), 6);
        expect([...rows]).toEqual(expected.rows);
        expect([...scores]).toEqual(expected.scores);
      });
    },
  );

  it("finds fewer where the gallery is smaller, and one query's result alone or among others", async () => {
    const search = await ExactSearch.open(openStore(device), sourceOf(grid(5, 1)), { blockRows: 2 });
    const queries = grid(2, 2);
    const both = await search.search(queries, 8);
    const [alone] = await search.search(queries.subarray(DIMENSION), 8);
    expect(both[0]!.rows).toHaveLength(5);
    expect(alone).toEqual(both[1]);
  });
});

describe("exact search", () => {
  it("keeps two galleries in one Store apart and leaves it as it was", async () => {
    const store = openStore("cpu");
    await store.write("weight", [1], "f32", Float32Array.of(1));
    const [one, other] = [grid(30, 1), grid(30, 5)];
    const first = await ExactSearch.open(store, sourceOf(one), { name: "one" });
    const second = await ExactSearch.open(store, sourceOf(other), { name: "other" });
    const query = grid(1, 2);
    expect([...(await first.search(query, 3))[0]!.rows]).toEqual(bruteForce(one, query, 3).rows);
    expect([...(await second.search(query, 3))[0]!.rows]).toEqual(bruteForce(other, query, 3).rows);
    await first.dispose();
    await second.dispose();
    expect(store.names()).toEqual(["weight"]);
  });

  it("refuses what it cannot compare and says why", async () => {
    const store = openStore("reference");
    const rows = grid(4, 1);
    await expect(ExactSearch.open(store, sourceOf(new Float32Array(0)))).rejects.toThrow(/at least one row/);
    const search = await ExactSearch.open(store, sourceOf(rows));
    await expect(search.search(new Float32Array(DIMENSION + 1), 1)).rejects.toMatchObject({
      code: "EMBEDDING",
      message: expect.stringContaining(`expected 2 x ${DIMENSION} numbers, got 13`),
    });
    await expect(search.search(new Float32Array(DIMENSION).fill(NaN), 1)).rejects.toThrow(/row 0 holds NaN/);
    rows[DIMENSION * 3] = Infinity;
    await expect(ExactSearch.open(store, sourceOf(rows))).rejects.toThrow(/gallery: row 3 holds Infinity/);
  });
});
