import { describe, expect, it } from "vitest";
import { explain } from "../graph/explain.js";
import { differentiate } from "../graph/differentiate.js";
import { Graph } from "../graph/graph.js";
import { makePlan } from "../graph/make-plan.js";
import { matmul } from "../ops/index.js";
import { BLOCKWISE_FROM, classifierLoss } from "./instance.js";

const DIMENSION = 4;

const planOf = (rows: number, classes: number) => {
  const graph = new Graph("classifier");
  const x = graph.input("x", [rows, DIMENSION]);
  const w = graph.parameter("w", [classes, DIMENSION]);
  const labels = graph.input("labels", [rows], "i32");
  const logits = () => matmul(x, w, { transposeB: true }, "logits");
  const loss = classifierLoss({ x, w, logits }, labels, 0, "loss");
  return makePlan(graph, { taps: [loss, ...differentiate(loss, [x, w])] });
};

const opsOf = (rows: number, classes: number): readonly string[] =>
  planOf(rows, classes).nodes.map(({ op }) => op);

describe("loss of a classifier", () => {
  it("is made of logits while they are few", () => {
    expect(opsOf(64, BLOCKWISE_FROM / 64 - 1)).toContain("softmaxCrossEntropy");
    expect(opsOf(64, BLOCKWISE_FROM / 64 - 1)).not.toContain("classifierCrossEntropy");
  });

  it("goes by blocks of classes where the logits would be many", () => {
    expect(opsOf(64, BLOCKWISE_FROM / 64)).toContain("classifierCrossEntropy");
    expect(opsOf(64, BLOCKWISE_FROM / 64)).not.toContain("matmul");
  });

  it("never holds a second matrix of logits, and by blocks not even one", () => {
    const logitBytes = (rows: number, classes: number): number => 4 * rows * classes;
    const [few, many] = [
      [64, 4096],
      [512, 113_287],
    ] as const;
    expect(planOf(...few).arenaBytes).toBeLessThan(1.1 * logitBytes(...few));
    expect(planOf(...many).arenaBytes).toBeLessThan(0.02 * logitBytes(...many));
    expect(explain(planOf(...many)).totals.arenaBytes).toBe(planOf(...many).arenaBytes);
  });
});
