import { toFloat64 } from "../../engine/arrays.js";
import type { Store } from "../../engine/store.js";
import { Graph } from "../../graph/graph.js";
import { batchNorm } from "../batch-norm.js";
import { conv2d } from "../conv2d.js";
import { batchStatistics } from "../normalization.js";
import { opRegistry } from "../registry.js";
import { buildCase } from "./build-case.js";
import { narrowCase } from "./narrow-case.js";
import type { OpCase } from "./cases.js";
import { referenceOf } from "./run-kernel.js";

/** The op whose results have statistics. */
export const convolutionOp = opRegistry.get("conv2d")!;

/** Mean and variance of every channel that a convolution gives. */
export type Statistics = readonly [Float64Array, Float64Array];

/** The statistics of a case of `conv2d` in bf16, by the batch norm behind it, and the convolution's kernel. */
export const runStatistics = async (
  store: Store,
  { inputs, attrs }: OpCase,
): Promise<{ readonly kernel: string; readonly statistics: Statistics }> => {
  const graph = new Graph("statistics");
  const [x, w] = ["x", "w"].map((name) => graph.input(name, inputs[name]!.shape));
  const y = conv2d(x!, w!, attrs as never, "convolution");
  const channels = y.shape[3]!;
  const norm = batchNorm(y, graph.input("gamma", [channels]), graph.input("beta", [channels]));
  const taps = { mean: norm.mean, variance: norm.variance };
  const program = await store.compile(graph, { taps, precision: "bf16" });
  const { mean, variance } = await program.step({
    x: Float32Array.from(inputs["x"]!.data),
    w: Float32Array.from(inputs["w"]!.data),
    gamma: new Float32Array(channels),
    beta: new Float32Array(channels),
  });
  const { kernel } = program.explain().rows.find(({ name }) => name === "convolution")!;
  await program.dispose();
  return { kernel, statistics: [toFloat64("f32", mean!), toFloat64("f32", variance!)] };
};

/** A case of `conv2d` whose inputs bf16 holds. */
export const statisticsCase = (entry: OpCase): OpCase => narrowCase(convolutionOp, entry);

/** What float64 gives for `runStatistics`. */
export const referenceStatistics = (entry: OpCase): Statistics => {
  const { shape } = buildCase(convolutionOp, entry).outputs[0]!;
  const [data] = referenceOf(convolutionOp, entry);
  const { mean, variance } = batchStatistics({ shape, dtype: "f32", data: data! });
  return [mean, variance];
};
