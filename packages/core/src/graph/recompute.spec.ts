import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { differentiate } from "./differentiate.js";
import { fuse } from "./fuse.js";
import { Graph, type GraphNode, type Value } from "./graph.js";
import { linearise, peakOf } from "./linearise.js";
import { makePlan } from "./make-plan.js";
import { recompute } from "./recompute.js";
import { boundaryNumbers, runPlan } from "./testing/run-plan.js";

const everything = { plan: 0, value: 0 };

/** Three convolutions with normalised activations between them, and the gradients of their weights. */
const network = (): { readonly graph: Graph; readonly gradients: readonly Value[] } => {
  const graph = new Graph("g");
  const vector = (name: string): Value => graph.parameter(name, [2]);
  const weights = ["w0", "w1", "w2"].map((name) => graph.parameter(name, [2, 2, 3, 3]));
  const pad: [number, number, number, number] = [1, 1, 1, 1];
  const last = weights.reduce(
    (x, w, index) => {
      const convolved = ops.conv2d(x, w, { pad }, `conv${index}`);
      const { y } = ops.batchNorm(
        convolved,
        vector(`gamma${index}`),
        vector(`beta${index}`),
        {},
        `norm${index}`,
      );
      return ops.relu(y, `relu${index}`);
    },
    graph.input("x", [2, 6, 6, 2]),
  );
  const loss = ops.sum(ops.square(last), { axes: [0, 1, 2, 3] });
  return { graph, gradients: differentiate(loss, weights) };
};

const passes = (
  limits = everything,
): readonly [readonly GraphNode[], readonly GraphNode[], readonly Value[]] => {
  const { graph, gradients } = network();
  const fused = fuse(graph.nodes, gradients);
  return [fused, recompute(fused, gradients, limits), gradients];
};

describe("recompute", () => {
  it("computes activations again that wait for the backward pass, just before they are read", () => {
    const [, nodes, taps] = passes();
    const order = linearise(nodes, taps).map(({ name }) => name);
    const again = order.filter((name) => name.endsWith(".again"));
    expect(again).toEqual(["relu1.again", "relu0.again"]);
    const turn = order.findIndex((name) => name.startsWith("gradient."));
    expect(order.indexOf("relu1.again")).toBeGreaterThan(turn);
  });

  it("lowers the peak of memory", () => {
    const [kept, nodes, taps] = passes();
    expect(peakOf(linearise(nodes, taps), taps).bytes).toBeLessThan(
      peakOf(linearise(kept, taps), taps).bytes,
    );
  });

  it("keeps everything in plans that are small, and small values in every plan", () => {
    for (const limits of [
      { plan: 2 ** 30, value: 0 },
      { plan: 0, value: 2 ** 20 },
    ]) {
      const [kept, nodes] = passes(limits);
      expect(nodes.map(({ name }) => name)).toEqual(kept.map(({ name }) => name));
    }
  });

  it("changes no number", () => {
    const run = (limits?: typeof everything): unknown => {
      const { graph, gradients } = network();
      const plan = makePlan(graph, { taps: gradients, ...(limits && { recompute: limits }) });
      return { taps: runPlan(plan, boundaryNumbers(graph)).taps, nodes: plan.nodes.length };
    };
    const [kept, again] = [run(), run(everything)] as { taps: unknown; nodes: number }[];
    expect(again!.taps).toEqual(kept!.taps);
    expect(again!.nodes - kept!.nodes).toBe(2);
  });
});
