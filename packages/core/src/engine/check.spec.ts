import { afterEach, describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.js";
import * as ops from "../ops/index.js";
import { Store } from "./store.js";

const variable = "DUALPATH_CHECK";

afterEach(() => {
  delete process.env[variable];
});

/** log(x) of a negative number, two nodes before the tap. */
const stepWithNaN = async (): Promise<number> => {
  const store = Store.open({ device: "cpu", threads: 1 });
  try {
    const graph = new Graph("broken");
    const y = ops.sum(ops.relu(ops.log(graph.input("x", [4]), "logarithm")), {}, "y");
    const program = await store.compile(graph, { taps: [y] });
    return (await program.step({ x: Float32Array.of(1, 2, -1, 3) }))["y"]![0]!;
  } finally {
    await store.dispose();
  }
};

describe(variable, () => {
  it("names the first node that makes a number that is not finite", async () => {
    process.env[variable] = "1";
    await expect(stepWithNaN()).rejects.toMatchObject({ code: "NON_FINITE" });
    await expect(stepWithNaN()).rejects.toThrow("log 'logarithm'");
  });

  it("checks nothing unless it is set", async () => {
    await expect(stepWithNaN()).resolves.toBeTypeOf("number");
  });
});
