import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { differentiate } from "./differentiate.js";
import { explain, formatExplanation } from "./explain.js";
import { Graph } from "./graph.js";
import { makePlan } from "./make-plan.js";
import type { Plan } from "./types.js";

/** A convolution, its gradient and its update. */
const plan = (): Plan => {
  const graph = new Graph("step");
  const w = graph.parameter("w", [16, 8, 3, 3]);
  const y = ops.conv2d(graph.input("x", [2, 5, 5, 8]), w, { pad: [1, 1, 1, 1] }, "conv");
  const loss = ops.sum(y, {}, "loss");
  const [gradient] = differentiate(loss, [w]);
  const velocity = graph.parameter("w.velocity", w.shape);
  const updated = ops.sgd(
    w,
    gradient!,
    velocity,
    graph.scalar("rate"),
    graph.scalar("gradScale"),
    {},
    "update",
  );
  return makePlan(graph, { taps: [loss], effects: [updated.param] });
};

const convolutionFlops = 2 * (2 * 5 * 5 * 16) * (8 * 3 * 3);

describe("explain", () => {
  it("counts a multiply-add of a convolution as two operations, forward and backward", () => {
    const { rows } = explain(plan());
    const flops = Object.fromEntries(rows.map(({ op, flops: count }) => [op, count]));
    expect(flops["conv2d"]).toBe(convolutionFlops);
    expect(flops["conv2dGradW"]).toBe(convolutionFlops);
  });

  it("tells forward, backward and update apart", () => {
    const passes = Object.fromEntries(explain(plan()).rows.map(({ op, pass }) => [op, pass]));
    expect(passes).toMatchObject({ conv2d: "forward", conv2dGradW: "backward", sgd: "update" });
  });

  it("counts parameters apart from the optimizer's state", () => {
    const { totals } = explain(plan());
    const count = 16 * 8 * 3 * 3;
    expect([totals.parameters, totals.storedNumbers, totals.storeBytes]).toEqual([
      count,
      2 * count,
      8 * count,
    ]);
  });

  it("adds kernels and scratch bytes when the program is compiled", () => {
    const nodes = [{ name: "conv", op: "conv2d", kernel: "brgconv", layout: "plain", scratchBytes: 10 }];
    const { rows, totals } = explain(plan(), { arenaBytes: 1, scratchBytes: 10, storeBytes: 2, nodes });
    expect(rows.find(({ name }) => name === "conv")!.kernel).toBe("brgconv");
    expect(totals.scratchBytes).toBe(10);
  });

  it("prints a table with a line per node and the totals", () => {
    const text = formatExplanation(explain(plan()));
    expect(text).toMatch(/^node +op +output +MB +MFLOP +kernel$/m);
    expect(text).toMatch(/^conv +conv2d +f32\[2, 5, 5, 16\] +0\.00 +0\.12$/m);
    expect(text).toContain("precision f32\nparameters 1,152, stored numbers 2,304");
    const reason = "f32 (bf16 was asked for: no such instructions)";
    expect(formatExplanation(explain(plan(), undefined, { precision: reason }))).toContain(
      `precision ${reason}`,
    );
  });
});
