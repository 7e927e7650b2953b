import { planSchema, reservedBytes as nativeReservedBytes } from "@dualpath/cuda-kernels";
import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { Graph } from "./graph.js";
import { evaluate, interpretPlan } from "./interpret.js";
import { makePlan } from "./make-plan.js";
import { randomStep } from "./testing/random-graph.js";
import { reservedBytes, type DType } from "./types.js";

describe("makePlan", () => {
  it("writes a plan that the native schema accepts, through JSON", () => {
    const { graph, taps, effects } = randomStep(2, 16);
    const plan = makePlan(graph, { taps, effects, name: "step" });
    expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  it("lists an updated store value among the inputs and the outputs of its effect", () => {
    const graph = new Graph("g");
    const state = graph.parameter("state", [2]);
    const updated = ops.movingAverage(state, graph.input("x", [2]), { decay: 0.9 });
    const { nodes, values, arenaBytes } = makePlan(graph, { taps: [], effects: [updated] });
    const id = values.findIndex(({ name }) => name === "state");
    expect([nodes[0]!.inputs[0], nodes[0]!.outputs[0]]).toEqual([id, id]);
    expect(arenaBytes).toBe(0);
  });

  it("leaves out what no tap and no effect needs", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2]);
    ops.exp(graph.input("unused", [2]));
    const plan = makePlan(graph, { taps: [ops.relu(x, "y")] });
    expect(plan.nodes.map(({ name }) => name)).toEqual(["y"]);
    expect(plan.feeds.map((id) => plan.values[id]!.name)).toEqual(["x"]);
  });

  it("numbers scalars in the order of their first use in the graph", () => {
    const graph = new Graph("g");
    const [a, b] = [graph.scalar("a"), graph.scalar("b")];
    const y = ops.scale(ops.scale(graph.input("x", [2]), b), a);
    expect(makePlan(graph, { taps: [y] }).scalars.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("reads a tapped parameter after its update", () => {
    const graph = new Graph("g");
    const state = graph.parameter("state", [1]);
    const updated = ops.movingAverage(state, graph.input("x", [1]), { decay: 0.5 });
    const plan = makePlan(graph, { taps: [state], effects: [updated] });
    const store = new Map([["state", Float64Array.of(4)]]);
    expect([...interpretPlan(plan, { feeds: [Float64Array.of(2)], scalars: [], store })[0]!]).toEqual([3]);
  });

  it("refuses a tap that is a feed or belongs to another graph, and an effect that is none", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [2]);
    const y = ops.relu(x, "y");
    const other = new Graph("other").parameter("w", [2]);
    expect(() => makePlan(graph, { taps: [x] })).toThrow(
      "plan 'x': tap: expected a computed or stored value, got a feed",
    );
    expect(() => makePlan(graph, { taps: [other] })).toThrow("plan 'w': graph: expected 'g', got 'other'");
    expect(() => makePlan(graph, { taps: [], effects: [y] })).toThrow(
      "plan 'y': effect: expected an output of an op",
    );
  });

  it("reserves the bytes that the native side reserves", () => {
    const shapes = [[], [5], [3, 20], [2, 3, 4, 15], [2, 3, 4, 16], [2, 3, 4, 17], [64, 3, 7, 7]];
    for (const dtype of ["f32", "bf16", "i32", "u8"] satisfies DType[])
      for (const shape of shapes)
        expect(reservedBytes({ shape, dtype })).toBe(nativeReservedBytes(shape, dtype));
  });
});

describe("the interpreter", () => {
  it("names the number that is missing", () => {
    const graph = new Graph("g");
    const y = ops.relu(graph.input("x", [2]), "y");
    expect(() => evaluate([y], {})).toThrow("interpret 'y': numbers: expected 'x', got none");
  });

  it("shows an overlap of two live values", () => {
    const graph = new Graph("g");
    const x = graph.input("x", [16]);
    const y = ops.add(ops.exp(x, "a"), ops.square(x, "b"), "y");
    const plan = makePlan(graph, { taps: [y] });
    const broken = {
      ...plan,
      values: plan.values.map((value) =>
        value.place.kind === "arena" ? { ...value, place: { kind: "arena" as const, offset: 0 } } : value,
      ),
    };
    const run = (of: typeof plan): number =>
      interpretPlan(of, { feeds: [new Float64Array(16).fill(1)], scalars: [], store: new Map() })[0]![0]!;
    expect(run(plan)).toBeCloseTo(Math.E + 1, 12);
    expect(run(broken)).not.toBeCloseTo(Math.E + 1, 3);
  });
});
