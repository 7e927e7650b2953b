import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { differentiate } from "./differentiate.js";
import { formatNodes } from "./format-nodes.js";
import { Graph, type Value } from "./graph.js";
import { makePlan } from "./make-plan.js";
import { narrow } from "./narrow.js";
import { prune } from "./prune.js";
import type { Plan } from "./types.js";
import { randomStep } from "./testing/random-graph.js";
import { boundaryNumbers, runPlan } from "./testing/run-plan.js";

const lowered = (graph: Graph, ...taps: Value[]): string =>
  formatNodes(narrow(prune(graph, taps), taps, "bf16"));

const image = (graph: Graph): Value => graph.input("x", [2, 4, 4, 3]);

/** conv -> batch norm -> relu -> conv, pooled to a loss. */
const twoConvolutions = (graph: Graph): Value => {
  const first = ops.conv2d(image(graph), graph.parameter("w1", [4, 3, 1, 1]), {}, "first");
  const vectors = [graph.parameter("gamma", [4]), graph.parameter("beta", [4])] as const;
  const y = ops.relu(ops.batchNorm(first, ...vectors, {}, "norm").y, "relu");
  const second = ops.conv2d(y, graph.parameter("w2", [5, 4, 1, 1]), {}, "second");
  return ops.mean(ops.square(ops.globalAveragePool(second, "pooled"), "square"), {}, "loss");
};

describe("lowering to bf16", () => {
  it("keeps what flows between convolutions in bf16, statistics and losses in f32", () => {
    const graph = new Graph("g");
    expect(lowered(graph, twoConvolutions(graph))).toBe(
      [
        "x:bf16 = cast(x) -> bf16[2, 4, 4, 3]",
        "w1:bf16 = cast(w1) -> bf16[4, 3, 1, 1]",
        "w2:bf16 = cast(w2) -> bf16[5, 4, 1, 1]",
        "first = conv2d(x:bf16, w1:bf16) -> bf16[2, 4, 4, 4]",
        "norm = batchNorm(first, gamma, beta) -> bf16[2, 4, 4, 4], f32[4], f32[4]",
        "relu = relu(norm) -> bf16[2, 4, 4, 4]",
        "second = conv2d(relu, w2:bf16) -> bf16[2, 4, 4, 5]",
        "pooled = globalAveragePool(second) -> f32[2, 5]",
        "square = square(pooled) -> f32[2, 5]",
        "loss = mean(square) -> f32[]",
      ].join("\n"),
    );
  });

  it("casts a weight once for both passes, and gives its gradient in f32", () => {
    const graph = new Graph("g");
    const loss = twoConvolutions(graph);
    const [dw] = differentiate(loss, [graph.parameter("w2", [5, 4, 1, 1])]);
    const [dx] = differentiate(loss, [graph.parameter("gamma", [4])]);
    const nodes = narrow(prune(graph, [dw!, dx!]), [dw!, dx!], "bf16");
    expect(nodes.filter(({ name }) => name === "w2:bf16")).toHaveLength(1);
    const gradient = nodes.find(({ op }) => op.name === "conv2dGradW")!;
    expect(gradient.inputs.map(({ dtype }) => dtype)).toEqual(["bf16", "bf16"]);
    expect(gradient.outputs.map(({ dtype }) => dtype)).toEqual(["f32"]);
    const norm = nodes.find(({ op }) => op.name === "batchNormGrad")!;
    expect(norm.inputs.map(({ dtype }) => dtype)).toEqual(["bf16", "bf16", "f32", "f32", "f32", "bf16"]);
  });

  it("leaves f32 what a product gives to an op that only takes f32, and the sum on the way", () => {
    const graph = new Graph("g");
    const product = ops.matmul(graph.input("a", [2, 3]), graph.parameter("w", [3, 4]), {}, "product");
    const logits = ops.biasAdd(product, graph.parameter("b", [4]), "logits");
    expect(lowered(graph, ops.square(logits, "square"))).toContain(
      "logits = biasAdd(product, b) -> f32[2, 4]",
    );
  });

  it("keeps taps in f32", () => {
    const graph = new Graph("g");
    const y = ops.relu(ops.conv2d(image(graph), graph.parameter("w", [4, 3, 1, 1]), {}, "conv"), "relu");
    expect(lowered(graph, y)).toContain("relu = relu(conv) -> f32[2, 4, 4, 4]");
  });

  it("casts a value back for a reader that needs f32 beside one that takes bf16", () => {
    const graph = new Graph("g");
    const nodes = [image(graph), graph.parameter("gamma", [3]), graph.parameter("beta", [3])] as const;
    const conv = ops.conv2d(nodes[0], graph.parameter("w", [3, 3, 1, 1]), {}, "conv");
    const norm = ops.batchNorm(conv, nodes[1], nodes[2], {}, "norm");
    const next = ops.conv2d(norm.y, graph.parameter("v", [3, 3, 1, 1]), {}, "next");
    const loss = ops.mean(ops.add(ops.square(norm.y), ops.square(next)));
    const text = lowered(graph, loss);
    expect(text).toContain("norm = batchNorm(conv, gamma, beta) -> f32[2, 4, 4, 3], f32[3], f32[3]");
    expect(text).toContain("norm:bf16 = cast(norm) -> bf16[2, 4, 4, 3]");
  });

  it("changes nothing in f32, and marks products alone for tf32", () => {
    const graph = new Graph("g");
    const loss = twoConvolutions(graph);
    const nodes = prune(graph, [loss]);
    expect(narrow(nodes, [loss], "f32")).toBe(nodes);
    const marked = narrow(nodes, [loss], "tf32").filter(({ attrs }) => attrs["tf32"] === true);
    expect(marked.map(({ name }) => name)).toEqual(["first", "second"]);
  });

  it("computes random steps that differ from f32 by roundings, in one arena", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { graph, taps, effects } = randomStep(seed, 10);
      const planOf = (precision: "f32" | "bf16"): Plan => makePlan(graph, { taps, effects, precision });
      const [plain, narrowed] = [planOf("f32"), planOf("bf16")];
      expect(narrowed.arenaBytes, `seed ${seed}`).toBeLessThan(1.5 * plain.arenaBytes);
      const numbers = boundaryNumbers(graph);
      const [expected] = runPlan(plain, numbers).taps;
      const [shared, apart] = [runPlan(narrowed, numbers), runPlan(narrowed, numbers, false)];
      expect(shared.taps).toEqual(apart.taps);
      expect(Math.abs(shared.taps[0]![0]! / expected![0]! - 1), `seed ${seed}`).toBeLessThan(lossTolerance);
    }
  });
});

/** Ten layers of values rounded to 8 bits, some through batch norm over few pixels. */
const lossTolerance = 0.1;
