import { afterAll, describe, expect, it } from "vitest";
import { GraphError } from "../errors.js";
import { differentiate } from "../graph/differentiate.js";
import { Graph, type Value } from "../graph/graph.js";
import * as ops from "../ops/index.js";
import type { Program } from "./program.js";
import { Store } from "./store.js";

interface Regression {
  readonly graph: Graph;
  readonly loss: Value;
  readonly effects: readonly Value[];
}

/** One step of linear regression with SGD. */
const regression = (): Regression => {
  const graph = new Graph("regression");
  const w = graph.parameter("w", [1, 2]);
  const predicted = ops.matmul(graph.input("x", [4, 2]), w, { transposeB: true }, "predicted");
  const loss = ops.mean(ops.square(ops.subtract(predicted, graph.input("target", [4, 1]))), {}, "loss");
  const [gradient] = differentiate(loss, [w]);
  const velocity = graph.parameter("w.velocity", [1, 2]);
  const updated = ops.sgd(w, gradient!, velocity, graph.scalar("rate"), graph.scalar("gradScale"), {
    momentum: 0.5,
  });
  return { graph, loss, effects: [updated.param] };
};

const feeds = {
  x: Float32Array.of(1, 0, 0, 1, 1, 1, 2, -1),
  target: Float32Array.of(1, 2, 3, 0),
};
const scalars = { rate: 0.05, gradScale: 1 };

const devices = ["reference", "cpu"] as const;
const stores = new Map(devices.map((device) => [device, Store.open({ device, threads: 2 })]));

afterAll(async () => {
  for (const store of stores.values()) await store.dispose();
});

const compiled = async (device: (typeof devices)[number]): Promise<{ store: Store; program: Program }> => {
  const store = stores.get(device)!;
  const { graph, loss, effects } = regression();
  await store.write("w", [1, 2], "f32", Float32Array.of(0.5, 0.5));
  await store.write("w.velocity", [1, 2], "f32", new Float32Array(2));
  return { store, program: await store.compile(graph, { taps: { loss }, effects }) };
};

describe.each(devices)("Program on %s", (device) => {
  it("learns a linear map", async () => {
    const { store, program } = await compiled(device);
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) losses.push((await program.step(feeds, scalars))["loss"]![0]!);
    expect(losses[0]).toBeCloseTo((0.5 ** 2 + 1.5 ** 2 + 2 ** 2 + 0.5 ** 2) / 4, 5);
    expect(losses[59]).toBeLessThan(1e-4);
    const { data } = await store.read("w");
    expect([data[0], data[1]].map((value) => Math.round(value! * 10) / 10)).toEqual([1, 2]);
  });

  it("peeks at a node without any effect", async () => {
    const { store, program } = await compiled(device);
    expect([...(await program.peek("predicted", feeds))]).toEqual([0.5, 0.5, 1, 0.5]);
    expect([...(await program.peek("w", feeds))]).toEqual([0.5, 0.5]);
    expect([...(await program.peek("x", feeds))]).toEqual([...feeds.x]);
    expect([...(await store.read("w")).data]).toEqual([0.5, 0.5]);
  });

  it("peeks at a gradient", async () => {
    const { program } = await compiled(device);
    const name = program.plan.nodes.find(({ op }) => op === "sgd")!.inputs[3]!;
    const gradient = await program.peek(program.plan.values[name]!.name, feeds);
    expect([...gradient].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([-0.75, -2]);
  });

  it("refuses to peek at what only an update computes", async () => {
    const { program } = await compiled(device);
    await expect(program.peek("sgd", feeds, scalars)).rejects.toThrow(
      "peek 'regression': 'sgd': expected a value that needs no update, got one that needs 'sgd'",
    );
  });

  it("suggests similar names when there is nothing to peek at", async () => {
    const { program } = await compiled(device);
    await expect(program.peek("text.predicted", feeds)).rejects.toThrow(
      "peek 'regression': name: expected a value of graph 'regression', got 'text.predicted'; similar: predicted",
    );
  });

  it("refuses a missing feed, a wrong array and a wrong number of elements by name", async () => {
    const { program } = await compiled(device);
    await expect(program.step({ x: feeds.x }, scalars)).rejects.toThrow(
      "step 'regression': feeds: expected 'target', got x",
    );
    await expect(program.step({ ...feeds, target: new Float64Array(4) as never }, scalars)).rejects.toThrow(
      "feed 'target': array: expected Float32Array, got Float64Array",
    );
    await expect(program.step({ ...feeds, x: new Float32Array(7) }, scalars)).rejects.toThrow(
      "feed 'x': elements: expected 8 for [4, 2], got 7",
    );
  });

  it("refuses a missing scalar by name", async () => {
    const { program } = await compiled(device);
    await expect(program.step(feeds, { rate: 0.1 })).rejects.toThrow(
      "step 'regression': scalar 'gradScale': expected a number, got undefined",
    );
  });

  it("explains every node and the exact memory", async () => {
    const { program } = await compiled(device);
    const { rows, totals, device: where } = program.explain();
    expect(where).toMatch(/^cpu/);
    expect(rows.map(({ op }) => op)).toEqual(program.plan.nodes.map(({ op }) => op));
    expect(rows.every(({ kernel }) => kernel !== "")).toBe(true);
    expect(totals).toMatchObject({ parameters: 2, storedNumbers: 4, arenaBytes: program.plan.arenaBytes });
    expect(totals.forwardFlops).toBeGreaterThan(16);
  });

  it("times every node", async () => {
    const { program } = await compiled(device);
    const times = await program.profile(feeds, scalars);
    expect(times.map(({ name }) => name)).toEqual(program.plan.nodes.map(({ name }) => name));
  });

  it("refuses an index that an embedding cannot look up", async () => {
    const store = stores.get(device)!;
    const graph = new Graph("lookup");
    const [table, bias] = [graph.parameter("table", [3, 2]), graph.parameter("bias", [2])];
    const y = ops.embedding(table, bias, graph.input("ids", [1, 2], "i32"), "words");
    await store.write("table", [3, 2], "f32", new Float32Array(6));
    await store.write("bias", [2], "f32", new Float32Array(2));
    const program = await store.compile(graph, { taps: [y] });
    await expect(program.step({ ids: Int32Array.of(3, 4) })).rejects.toThrow(
      "embedding 'words': feed 'ids'[1]: expected 0 to 3, got 4",
    );
    expect((await program.step({ ids: Int32Array.of(3, 0) }))["words"]).toHaveLength(4);
  });

  it("refuses work after dispose, and disposes twice without harm", async () => {
    const { program } = await compiled(device);
    await program.peek("loss", feeds);
    await program.dispose();
    await program.dispose();
    await expect(program.step(feeds, scalars)).rejects.toThrow(
      "program 'regression': state: expected open, got disposed",
    );
  });

  it("names a parameter that was never written", async () => {
    const graph = new Graph("g");
    const y = ops.relu(graph.parameter("nobody.wrote", [2]), "y");
    await expect(stores.get(device)!.compile(graph, { taps: [y] })).rejects.toThrow(/nobody\.wrote/);
  });
});

describe("Store", () => {
  it("refuses work after dispose", async () => {
    const store = Store.open({ device: "reference" });
    await store.dispose();
    await store.dispose();
    await expect(store.read("w")).rejects.toThrow(GraphError);
  });

  it("refuses data that does not fill the shape", async () => {
    await expect(stores.get("cpu")!.write("v", [3], "f32", new Float32Array(2))).rejects.toThrow(
      "write 'v': elements: expected 3 for [3], got 2",
    );
  });

  it("reads back what was written, and forgets what was removed", async () => {
    for (const store of stores.values()) {
      await store.write("kept", [2], "i32", Int32Array.of(-1, 7));
      expect(await store.read("kept")).toEqual({ shape: [2], dtype: "i32", data: Int32Array.of(-1, 7) });
      expect(store.names()).toContain("kept");
      await store.remove("kept");
      expect(store.has("kept")).toBe(false);
    }
  });
});
