import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { differentiate } from "./differentiate.js";
import { Graph, type Value } from "./graph.js";
import { linearise, peakOf } from "./linearise.js";
import { makePlan } from "./make-plan.js";
import { prune } from "./prune.js";
import { randomStep } from "./testing/random-graph.js";
import { boundaryNumbers, runPlan } from "./testing/run-plan.js";

const step = (graph: Graph, param: Value, gradient: Value): Value => {
  const velocity = graph.parameter(`${param.name}.velocity`, param.shape);
  return ops.sgd(param, gradient, velocity, graph.scalar("rate"), graph.scalar("gradScale"), {}, "update")
    .param;
};

describe("linearise", () => {
  it("puts an effect after every reader of the value that it overwrites", () => {
    const graph = new Graph("g");
    const w = graph.parameter("w", [4]);
    const updated = step(graph, w, ops.square(w, "gradient"));
    const late = ops.exp(ops.relu(w, "reader"), "late");
    const order = makePlan(graph, { taps: [late], effects: [updated] }).nodes.map(({ name }) => name);
    expect(order.indexOf("update")).toBeGreaterThan(order.indexOf("reader"));
  });

  it("lets a reader of the updated value see the new numbers", () => {
    const graph = new Graph("g");
    const w = graph.parameter("w", [1]);
    const updated = step(graph, w, ops.affine(w, { multiply: 10 }));
    const average = ops.movingAverage(graph.parameter("average", [1]), updated, { decay: 0.5 });
    const numbers = { w: [1], "w.velocity": [0], rate: [0.1], gradScale: [0.5], average: [4] };
    const data = Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [name, Float64Array.from(value)]),
    );
    const { store } = runPlan(makePlan(graph, { taps: [], effects: [average] }), data);
    expect([...store.get("w")!, ...store.get("average")!]).toEqual([0.5, 2.25]);
  });

  it("refuses two effects on one old value and names both", () => {
    const graph = new Graph("g");
    const state = graph.parameter("state", [2]);
    const x = graph.input("x", [2]);
    const effects = ["first", "second"].map((name) => ops.movingAverage(state, x, { decay: 0.9 }, name));
    expect(() => makePlan(graph, { taps: [], effects })).toThrow(
      "movingAverage 'first': update of 'state': expected one effect, got also 'second'; " +
        "give the second effect the value that the first one returns",
    );
  });

  it("refuses a reader of the old value that needs the new one", () => {
    const graph = new Graph("g");
    const state = graph.parameter("state", [2]);
    const updated = ops.movingAverage(state, graph.input("x", [2]), { decay: 0.9 }, "average");
    const both = ops.add(state, updated, "both");
    expect(() => makePlan(graph, { taps: [both] })).toThrow(/order: .* got a cycle/);
  });

  it("updates parameters as their gradients appear, rather than keep all gradients to the end", () => {
    const graph = new Graph("g");
    const weights = ["a", "b", "c"].map((name) => graph.parameter(name, [64, 64]));
    const y = weights.reduce((x, w) => ops.relu(ops.matmul(x, w)), graph.input("x", [2, 64]));
    const loss = ops.sum(y);
    const effects = differentiate(loss, weights).map((gradient, index) =>
      step(graph, weights[index]!, gradient),
    );
    const { nodes, arenaBytes } = makePlan(graph, { taps: [loss], effects, fusion: false });
    const names = nodes.map(({ op }) => op);
    expect(names.indexOf("sgd")).toBeLessThan(names.length - 4);
    expect(arenaBytes).toBeLessThan(2 * 64 * 64 * 4);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "never needs more memory than the order of making (random graph %i)",
    (seed) => {
      const { graph, taps, effects } = randomStep(seed, 24);
      const made = prune(graph, [...taps, ...effects]);
      expect(peakOf(linearise(made, taps), taps).bytes).toBeLessThanOrEqual(peakOf(made, taps).bytes);
    },
  );

  it("gives the same order every time", () => {
    const plans = [1, 2].map(() => {
      const { graph, taps, effects } = randomStep(11, 24);
      return makePlan(graph, { taps, effects });
    });
    expect(JSON.stringify(plans[0])).toBe(JSON.stringify(plans[1]));
  });

  it("keeps a random step's result while it reorders", () => {
    const { graph, taps, effects } = randomStep(5, 12);
    const numbers = boundaryNumbers(graph);
    const [fused, plain] = [true, false].map((fusion) =>
      runPlan(makePlan(graph, { taps, effects, fusion }), numbers),
    );
    expect(fused!.taps[0]![0]).toBeCloseTo(plain!.taps[0]![0]!, 12);
  });
});
