import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { opRegistry } from "../ops/registry.js";
import { differentiate } from "./differentiate.js";
import { fuse } from "./fuse.js";
import { formatNodes } from "./format-nodes.js";
import { fusionTable } from "./fusion-table.js";
import { Graph, type Value } from "./graph.js";
import { makePlan } from "./make-plan.js";
import { prune } from "./prune.js";
import { boundaryNumbers, runPlan } from "./testing/run-plan.js";

const fusedOps = (graph: Graph, ...taps: Value[]): string[] =>
  fuse(prune(graph, taps), taps).map(({ op, attrs }) => {
    const activation = attrs["relu"] === true ? "relu" : (attrs["activation"] ?? "none");
    return activation === "none" ? op.name : `${op.name}+${String(activation)}`;
  });

const norm = (x: Value, name: string): { readonly y: Value; readonly mean: Value } => {
  const [gamma, beta] = [x.graph.parameter(`${name}.gamma`, [3]), x.graph.parameter(`${name}.beta`, [3])];
  return ops.batchNorm(x, gamma, beta, {}, name);
};

const frozen = (x: Value, name: string): Value => {
  const vectors = ["gamma", "beta", "mean", "variance"].map((part) =>
    x.graph.parameter(`${name}.${part}`, [3]),
  );
  const [gamma, beta, mean, variance] = vectors as [Value, Value, Value, Value];
  return ops.batchNormFrozen(x, gamma, beta, mean, variance, {}, name);
};

const input = (graph: Graph): Value => graph.input("x", [2, 2, 2, 3]);

/** A residual block with a projection, its loss and the gradients of all parameters. */
const block = (graph: Graph): { readonly loss: Value; readonly gradients: readonly Value[] } => {
  const x = ops.relu(norm(input(graph), "stem").y);
  const main = norm(ops.relu(norm(x, "one").y), "two").y;
  const y = ops.relu(ops.add(main, norm(x, "projection").y), "block");
  const loss = ops.mean(ops.square(frozenRelu(y)));
  const parameters = graph.boundary.filter(({ name }) => name.endsWith("gamma") || name.endsWith("beta"));
  return { loss, gradients: differentiate(loss, parameters) };
};

/** Two normalisations with ReLU6, the output of the second and the gradients of all their parameters. */
const clipped = (): { readonly graph: Graph; readonly taps: readonly Value[] } => {
  const graph = new Graph("clipped");
  const y = ops.relu6(frozen(ops.relu6(norm(input(graph), "norm").y), "frozen"));
  const parameters = graph.boundary.filter(({ name }) => /gamma|beta/.test(name));
  return { graph, taps: [y, ...differentiate(ops.mean(ops.square(y)), parameters)] };
};

const frozenRelu = (x: Value): Value => ops.relu(frozen(x, "frozen"));

describe("fuse", () => {
  it("joins batch norm, of the batch or frozen, with ReLU or ReLU6", () => {
    for (const activation of ["relu", "relu6"] as const) {
      const graph = new Graph("g");
      const x = input(graph);
      const taps = [ops[activation](norm(x, "n").y), ops[activation](frozen(x, "f"))];
      const expected = ["batchNorm", "batchNormFrozen"].map((name) => `${name}+${activation}`);
      expect(fusedOps(graph, ...taps).toSorted()).toEqual(expected);
    }
  });

  it("joins the gradients of batch norm and ReLU6", () => {
    const { graph, taps } = clipped();
    expect(fusedOps(graph, ...taps).filter((name) => name.includes("elu6"))).toEqual([
      "batchNorm+relu6",
      "batchNormFrozen+relu6",
      "batchNormFrozenGrad+relu6",
      "batchNormGrad+relu6",
    ]);
  });

  it("changes no number of a step with ReLU6, forward or backward", () => {
    const { graph, taps } = clipped();
    const numbers = boundaryNumbers(graph);
    // Values of the second normalisation that are cut on both sides.
    numbers["frozen.gamma"]!.fill(2);
    numbers["frozen.mean"]!.fill(0.1);
    numbers["frozen.variance"]!.fill(1e-3);
    const [fused, plain] = [true, false].map((fusion) =>
      runPlan(makePlan(graph, { taps, fusion }), numbers).taps.map((tap) => [...tap]),
    );
    const cut = fused![0]!;
    expect([cut.includes(0), cut.includes(6)]).toEqual([true, true]);
    fused!.flat().forEach((value, index) => expect(value).toBeCloseTo(plain!.flat()[index]!, 12));
  });

  it("joins batch norm, residual and ReLU, whichever side the residual is on", () => {
    for (const flip of [false, true]) {
      const graph = new Graph("g");
      const x = input(graph);
      const { y } = norm(x, "n");
      expect(fusedOps(graph, ops.relu(flip ? ops.add(x, y) : ops.add(y, x)))).toEqual(["batchNormAddRelu"]);
    }
  });

  it("joins a product or convolution with its bias, and with the ReLU behind it", () => {
    for (const relu of [false, true]) {
      const graph = new Graph("g");
      const b = graph.parameter("b", [5]);
      const rows = ops.biasAdd(ops.matmul(graph.input("a", [2, 3]), graph.parameter("m", [3, 5])), b);
      const maps = ops.biasAdd(ops.conv2d(input(graph), graph.parameter("w", [5, 3, 1, 1])), b);
      const taps = [rows, maps].map((value) => (relu ? ops.relu(value) : value));
      const expected = ["matmulBias", "conv2dBias"].map((name) => (relu ? `${name}+relu` : name));
      expect(fusedOps(graph, ...taps).toSorted()).toEqual(expected.toSorted());
    }
  });

  it("leaves a product alone that somebody reads without its bias", () => {
    const graph = new Graph("g");
    const y = ops.matmul(graph.input("a", [2, 3]), graph.parameter("m", [3, 5]));
    const b = graph.parameter("b", [5]);
    expect(fusedOps(graph, ops.relu(ops.biasAdd(y, b)), ops.exp(y))).toContain("biasAdd");
  });

  it("changes no number of a step with biases, forward or backward", () => {
    const graph = new Graph("g");
    const bias = (name: string): Value => graph.parameter(name, [4]);
    const maps = ops.conv2d(input(graph), graph.parameter("w", [4, 3, 1, 1]));
    const rows = ops.reshape(ops.relu(ops.biasAdd(maps, bias("b1"))), { shape: [2, 16] });
    const y = ops.biasAdd(ops.matmul(rows, graph.parameter("m", [16, 4])), bias("b2"));
    const loss = ops.mean(ops.square(ops.relu(y)));
    const stored = graph.boundary.filter(({ origin }) => origin.kind === "store");
    const taps = [loss, ...differentiate(loss, stored)];
    const [fused, plain] = [true, false].map((fusion) =>
      runPlan(makePlan(graph, { taps, fusion }), boundaryNumbers(graph)).taps.map((tap) => [...tap]),
    );
    fused!.flat().forEach((value, index) => expect(value).toBeCloseTo(plain!.flat()[index]!, 12));
  });

  it("leaves a batch norm alone whose output somebody else reads or taps", () => {
    const read = new Graph("read");
    const { y } = norm(input(read), "n");
    expect(fusedOps(read, ops.relu(y), ops.exp(y))).toContain("relu");
    const tapped = new Graph("tapped");
    const other = norm(input(tapped), "n").y;
    expect(fusedOps(tapped, ops.relu(other), other)).toContain("relu");
  });

  it("leaves a broadcast residual alone", () => {
    const graph = new Graph("g");
    const { y } = norm(input(graph), "n");
    expect(fusedOps(graph, ops.relu(ops.add(y, graph.input("r", [3]))))).toContain("add");
  });

  it("does not fuse a residual that is computed from the batch norm's own statistics", () => {
    const graph = new Graph("g");
    const { y, mean } = norm(input(graph), "n");
    const residual = ops.broadcastTo(mean, { shape: y.shape });
    expect(fusedOps(graph, ops.relu(ops.add(y, residual)))).toContain("relu");
  });

  it("removes every lone ReLU and ReLU gradient from a residual block", () => {
    const graph = new Graph("g");
    const { loss, gradients } = block(graph);
    const names = fusedOps(graph, loss, ...gradients);
    expect(names.filter((name) => name === "relu" || name === "reluGrad")).toEqual([]);
    for (const name of [
      "batchNormAddRelu",
      "batchNormAddReluGrad",
      "batchNormGrad+relu",
      "batchNormFrozenGrad+relu",
    ])
      expect(names).toContain(name);
  });

  it("changes no number of a residual block, forward or backward", () => {
    const graph = new Graph("g");
    const { loss, gradients } = block(graph);
    const numbers = boundaryNumbers(graph);
    numbers["frozen.variance"]!.fill(1.5);
    const [fused, plain] = [true, false].map((fusion) =>
      runPlan(makePlan(graph, { taps: [loss, ...gradients], fusion }), numbers).taps.map((tap) => [...tap]),
    );
    fused!.flat().forEach((value, index) => expect(value).toBeCloseTo(plain!.flat()[index]!, 12));
  });

  it("names inputs, outputs and ops of the registry in every row of its table", () => {
    for (const { name, chain, into } of fusionTable) {
      const op = opRegistry.get(into.op)!;
      expect(Object.keys(into.inputs), name).toEqual([...op.inputs]);
      expect(Object.keys(into.outputs).sort(), name).toEqual([...op.outputs].sort());
      for (const link of chain) expect(opRegistry.has(link.op), link.op).toBe(true);
    }
  });

  it("prints nodes with their inputs and types", () => {
    const graph = new Graph("g");
    const y = ops.relu(input(graph), "y");
    expect(formatNodes(prune(graph, [y]))).toBe("y = relu(x) -> f32[2, 2, 2, 3]");
  });
});
