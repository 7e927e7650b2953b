import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { gather, LARGEST_GATHERED } from "./gather.js";
import { Graph, type Value } from "./graph.js";
import { interpretPlan } from "./interpret.js";
import { makePlan } from "./make-plan.js";

const sgd = (graph: Graph, name: string, shape: readonly number[], rate = "rate"): Value => {
  const param = graph.parameter(name, shape);
  const gradient = ops.square(graph.input(`${name}.x`, shape));
  const velocity = graph.parameter(`${name}.velocity`, shape);
  return ops.sgd(
    param,
    gradient,
    velocity,
    graph.scalar(rate),
    graph.scalar("scale"),
    { momentum: 0.5 },
    `update.${name}`,
  ).param;
};

const namesOf = (graph: Graph): readonly string[] =>
  gather(graph.nodes)
    .filter(({ op }) => op.updates !== undefined)
    .map(({ name }) => name);

describe("gathering updates", () => {
  it("makes one node of all parameters with one rule", () => {
    const graph = new Graph("g");
    for (const name of ["a", "b", "c"]) sgd(graph, name, [2, 3]);
    const [node] = gather(graph.nodes).filter(({ op }) => op.name === "sgd");
    expect(node?.name).toBe("update.a and 2 more");
    expect(node?.inputs.map(({ name }) => name)).toEqual([
      "rate",
      "scale",
      ...["a", "b", "c"].flatMap((name, index) => [
        name,
        index === 0 ? "square" : `square#${index + 1}`,
        `${name}.velocity`,
      ]),
    ]);
    expect(node?.outputs).toHaveLength(6);
  });

  it("keeps parameters with another rate or other attributes apart", () => {
    const graph = new Graph("g");
    for (const [name, rate] of ["rate", "slow", "rate", "slow"].entries()) sgd(graph, `p${name}`, [2], rate);
    expect(namesOf(graph)).toEqual(["update.p0 and 1 more", "update.p1 and 1 more"]);
  });

  it("updates a very large parameter on its own, so that its gradient does not wait", () => {
    const graph = new Graph("g");
    for (const name of ["a", "b"]) sgd(graph, name, [2]);
    sgd(graph, "wide", [LARGEST_GATHERED / 4 + 1]);
    expect(namesOf(graph)).toEqual(["update.a and 1 more", "update.wide"]);
  });

  it("never gathers an update with one that it depends on", () => {
    const graph = new Graph("g");
    const average = (name: string, x: Value): Value =>
      ops.movingAverage(graph.parameter(name, [2]), x, { decay: 0.5 }, name.toUpperCase());
    const first = ["a", "b"].map((name) => average(name, graph.input(`${name}.x`, [2])));
    first.forEach((value, index) => average(`average${index}`, value));
    expect(namesOf(graph)).toEqual(["A and 1 more", "AVERAGE0 and 1 more"]);
  });

  it("changes no number", () => {
    const run = (fusion: boolean): unknown => {
      const graph = new Graph("g");
      const updated = ["a", "b", "c"].map((name) => sgd(graph, name, [2]));
      const averages = updated.map((value, index) =>
        ops.movingAverage(graph.parameter(`average${index}`, [2]), value, { decay: 0.75 }),
      );
      const plan = makePlan(graph, { taps: averages, effects: [...updated, ...averages], fusion });
      const stored = plan.values.filter(({ place }) => place.kind === "store");
      const store = new Map(
        stored.map(({ name }, index) => [name, Float64Array.of(index + 0.5, -index)] as const),
      );
      const feeds = plan.feeds.map((_, index) => Float64Array.of(index, 0.25));
      return { taps: interpretPlan(plan, { feeds, scalars: [0.5, 2], store }), nodes: plan.nodes.length };
    };
    const [gathered, single] = [run(true), run(false)] as { taps: unknown; nodes: number }[];
    expect(gathered!.taps).toEqual(single!.taps);
    expect([gathered!.nodes, single!.nodes]).toEqual([5, 9]);
  });
});
