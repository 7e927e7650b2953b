import { describe, expect, it } from "vitest";
import { eager } from "./eager.js";
import { Store } from "./store.js";

const matrix = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };

describe("eager", () => {
  it("runs one op on arrays and opens a store of its own", async () => {
    const [y] = await eager("matmul", [matrix, matrix], { transposeB: true });
    expect(y).toMatchObject({ shape: [2, 2], dtype: "f32" });
    expect([...y!.data]).toEqual([5, 11, 11, 25]);
  });

  it("returns updated state and leaves none in a store that it was lent", async () => {
    const store = Store.open({ device: "reference" });
    const state = { shape: [2], data: Float32Array.of(4, 8) };
    const [updated] = await eager(
      "movingAverage",
      [state, { shape: [2], data: Float32Array.of(0, 4) }],
      { decay: 0.5 },
      { store },
    );
    expect([...updated!.data]).toEqual([2, 6]);
    expect(store.names()).toEqual([]);
    await store.dispose();
  });

  it("returns all outputs in the op's order", async () => {
    const store = Store.open({ device: "reference" });
    const outputs = await eager("topk", [matrix], { k: 1 }, { store });
    expect(outputs.map(({ data }) => [...data])).toEqual([
      [2, 4],
      [1, 1],
    ]);
    await store.dispose();
  });

  it("refuses an unknown op, a wrong number of inputs and a wrong shape", async () => {
    await expect(eager("matmull", [matrix])).rejects.toThrow(
      "eager 'matmull': op: expected an op of the registry",
    );
    await expect(eager("matmul", [matrix])).rejects.toThrow(
      "matmul 'eager': inputs: expected 2 (a, b), got 1",
    );
    const row = { shape: [1, 3], data: new Float32Array(3) };
    await expect(eager("matmul", [matrix, row])).rejects.toThrow(
      "matmul 'matmul': inner size of b: expected 2, got 1",
    );
  });
});
