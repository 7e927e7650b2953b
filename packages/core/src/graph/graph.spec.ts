import { describe, expect, it } from "vitest";
import { GraphError } from "../errors.js";
import * as ops from "../ops/index.js";
import { Graph } from "./graph.js";

const thrown = (action: () => unknown): GraphError => {
  try {
    action();
  } catch (error) {
    if (error instanceof GraphError) return error;
    throw error;
  }
  throw new TypeError("nothing was thrown");
};

describe("Graph", () => {
  it("gives one value per parameter name and refuses another shape", () => {
    const graph = new Graph("g");
    const w = graph.parameter("w", [2, 3]);
    expect(graph.parameter("w", [2, 3])).toBe(w);
    expect(() => graph.parameter("w", [3, 2])).toThrow(
      "parameter 'w': type of the second use: expected f32[2, 3], got f32[3, 2]",
    );
  });

  it("gives one value per scalar name", () => {
    const graph = new Graph("g");
    expect(graph.scalar("rate")).toBe(graph.scalar("rate"));
    expect(() => graph.scalar("rate", "u32")).toThrow("scalar 'rate': name: expected one that is free");
  });

  it("refuses a feed name that is taken and an axis that is not a positive integer", () => {
    const graph = new Graph("g");
    graph.input("x", [2]);
    expect(thrown(() => graph.input("x", [2])).code).toBe("NAME");
    expect(() => graph.input("y", [2, 0])).toThrow("feed 'y': axis size: expected a positive integer, got 0");
  });

  it("prefixes node names with the open scopes and numbers repeated ones", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2]);
    const names = graph.scope("text", () =>
      graph.scope("block1", () => [ops.relu(x, "a").name, ops.relu(x, "a").name, ops.relu(x).name]),
    );
    expect(names).toEqual(["text.block1.a", "text.block1.a#2", "text.block1.relu"]);
    expect(ops.relu(x).name).toBe("relu");
  });

  it("closes a scope whose body throws", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2]);
    expect(() => graph.scope("inside", () => ops.reshape(x, { shape: [3] }))).toThrow(GraphError);
    expect(ops.relu(x).name).toBe("relu");
  });

  it("finds feeds, nodes and their further outputs by name", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2, 2, 2, 3]);
    const { y, argmax } = ops.globalMaxPool(x, "pool");
    expect([graph.find("x"), graph.find("pool"), graph.find("pool:argmax"), graph.find("other")]).toEqual([
      x,
      y,
      argmax,
      undefined,
    ]);
  });

  it("refuses values of two graphs in one op", () => {
    const [a, b] = ["a", "b"].map((name) => new Graph(name).input("x", [2]));
    expect(() => ops.add(a!, b!, "both")).toThrow("add 'both': graph of b: expected 'a', got 'b'");
  });

  it("refuses an effect on something that is not stored", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2]);
    expect(() => ops.movingAverage(x, x, { decay: 0.9 }, "average")).toThrow(
      "movingAverage 'average': state: expected a parameter, got 'x'",
    );
  });

  it("throws on the line that builds the node, with the parts of the message as data", () => {
    const graph = new Graph("g");
    const error = thrown(() => ops.matmul(graph.input("a", [2, 3]), graph.input("b", [4, 5]), {}, "product"));
    expect(error.message).toBe("matmul 'product': inner size of b: expected 3, got 4");
    expect(error.code).toBe("SHAPE");
    expect(error.details).toEqual({
      op: "matmul",
      node: "product",
      what: "inner size of b",
      expected: "3",
      got: "4",
    });
    expect(error.stack?.split("\n").slice(1, 4).join("\n")).toContain("graph.spec.ts");
  });

  it("names the attribute that is wrong", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [1, 4, 4, 2]);
    const w = graph.parameter("w", [2, 2, 3, 3]);
    const error = thrown(() => ops.conv2d(x, w, { stride: [1, 0] }, "c"));
    expect(error.code).toBe("ATTRIBUTE");
    expect(error.message).toMatch(/^conv2d 'c': attribute stride\.1: expected .*>=1.*, got 0$/);
  });
});
