import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { dependencies, differentiate } from "./differentiate.js";
import { Graph, type Value } from "./graph.js";
import { evaluate } from "./interpret.js";
import { makePlan } from "./make-plan.js";
import { boundaryNumbers } from "./testing/run-plan.js";

interface TwoPaths {
  readonly graph: Graph;
  readonly loss: Value;
  readonly image: Value;
  readonly text: Value;
  readonly classifier: Value;
}

/** Two paths with a parameter of their own each and one that both use. */
const twoPaths = (): TwoPaths => {
  const graph = new Graph("two paths");
  const [image, text] = [graph.parameter("image.w", [5, 4]), graph.parameter("text.w", [5, 4])];
  const classifier = graph.parameter("classifier.w", [3, 5]);
  const logits = [image, text].map((w) => {
    const x = graph.input(w.name.replace(".w", ""), [2, 4]);
    const hidden = ops.softplus(ops.matmul(x, w, { transposeB: true }));
    return ops.matmul(ops.l2Normalize(hidden).y, classifier, { transposeB: true });
  });
  const loss = ops.sum(ops.multiply(logits[0]!, logits[1]!), {}, "loss");
  return { graph, loss, image, text, classifier };
};

const step = 1e-5;
const tolerance = 1e-8;

describe("differentiate", () => {
  it("sums the gradients of a parameter that two paths share", () => {
    const { graph, loss, image, text, classifier } = twoPaths();
    const parameters = [image, text, classifier];
    const gradients = differentiate(loss, parameters);
    const numbers = boundaryNumbers(graph);
    const results = evaluate(gradients, numbers);
    parameters.forEach(({ name }, index) =>
      numbers[name]!.forEach((value, position) => {
        const lossAt = (change: number): number => {
          const moved = numbers[name]!.with(position, value + change);
          return evaluate([loss], { ...numbers, [name]: moved })[0]![0]!;
        };
        const numeric = (lossAt(step) - lossAt(-step)) / (2 * step);
        expect(Math.abs(results[index]![position]! - numeric)).toBeLessThan(tolerance);
      }),
    );
  });

  it("builds no backward node for a frozen path, so that its plan is smaller", () => {
    const sizes = [["image", "text", "classifier"] as const, ["text", "classifier"] as const].map(
      (trainable) => {
        const paths = twoPaths();
        const gradients = differentiate(
          paths.loss,
          trainable.map((name) => paths[name]),
        );
        const plan = makePlan(paths.graph, { taps: [paths.loss, ...gradients] });
        return { nodes: plan.nodes, arenaBytes: plan.arenaBytes };
      },
    );
    expect(sizes[1]!.nodes.length).toBeLessThan(sizes[0]!.nodes.length);
    expect(sizes[1]!.arenaBytes).toBeLessThan(sizes[0]!.arenaBytes);
    expect(
      sizes[1]!.nodes.filter(({ name }) => name.startsWith("gradient.") && name.includes("image.w")),
    ).toEqual([]);
  });

  it("names gradient nodes after the node that they differentiate", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2]);
    const loss = graph.scope("image", () => ops.sum(ops.exp(x, "block"), {}, "loss"));
    differentiate(loss, [x]);
    expect(graph.nodes.map(({ name }) => name)).toContain("gradient.image.block.multiply");
  });

  it("refuses a loss that is not one number", () => {
    const x = new Graph("g").input("x", [2]);
    expect(() => differentiate(ops.exp(x, "e"), [x])).toThrow(
      "differentiate 'e': loss: expected f32[], got f32[2]",
    );
  });

  it("refuses a value that the loss does not depend on", () => {
    const graph = new Graph("g");
    const loss = ops.sum(graph.input("x", [2]), {}, "loss");
    expect(() => differentiate(loss, [graph.parameter("w", [2])])).toThrow(
      "differentiate 'w': dependence: expected 'loss' to depend on it, got none",
    );
  });

  it("names the op that has no gradient on the way", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2, 3]);
    const loss = ops.sum(ops.topk(x, { k: 1 }, "best").values);
    expect(() => differentiate(loss, [x])).toThrow(
      "topk 'best': gradient of similarity: expected a rule, got none; this op stops gradients",
    );
  });

  it("refuses a gradient through an output that carries none", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [4, 2]);
    const { mean } = ops.batchNorm(
      x,
      graph.parameter("gamma", [2]),
      graph.parameter("beta", [2]),
      {},
      "norm",
    );
    expect(() => differentiate(ops.sum(mean), [x])).toThrow("differentiate 'norm:mean': gradient");
  });

  it("lists what a value depends on", () => {
    const { loss } = twoPaths();
    const names = dependencies(loss).map(({ name }) => name);
    expect(names).toEqual(["image.w", "text.w", "classifier.w", "image", "text"]);
  });
});
