import { describe, expect, it } from "vitest";
import { GraphError } from "../errors.js";
import { Graph, type Value } from "../graph/graph.js";
import type { DType } from "../graph/types.js";
import * as ops from "./index.js";
import { opRegistry } from "./registry.js";
import { opCases } from "./testing/all-cases.js";
import { buildCase } from "./testing/build-case.js";

type Make = (name: string, shape: number[], dtype?: DType) => Value;

/** A wrong use of an op and what it is told. */
type Wrong = readonly [message: string, use: (make: Make, graph: Graph) => unknown];

const wrongUses: readonly Wrong[] = [
  [
    "conv2d 'conv2d': input channels of w times groups: expected 3, got 4; w is [out, in / groups, KH, KW]",
    (make) => ops.conv2d(make("x", [1, 4, 4, 3]), make("w", [8, 4, 3, 3])),
  ],
  [
    "conv2d 'conv2d': x: expected rank 4, got f32[4, 3]",
    (make) => ops.conv2d(make("x", [4, 3]), make("w", [8, 3, 1, 1])),
  ],
  [
    "conv2d 'conv2d': window: expected at most the padded input 2 x 3, got 3 x 3",
    (make) => ops.conv2d(make("x", [1, 2, 3, 2]), make("w", [2, 2, 3, 3])),
  ],
  [
    "conv2d 'conv2d': remainder of output channels over groups: expected 0, got 1",
    (make) => ops.conv2d(make("x", [1, 4, 4, 4]), make("w", [3, 2, 1, 1]), { groups: 2 }),
  ],
  [
    "conv2dGradX 'conv2dGradX': dy: expected [1, 4, 4, 2], got [1, 3, 3, 2]",
    (make) =>
      ops.conv2dGradX(make("dy", [1, 3, 3, 2]), make("w", [2, 3, 1, 1]), { inputShape: [1, 4, 4, 3] }),
  ],
  [
    "conv2dGradW 'conv2dGradW': dy: expected [1, 2, 2, 2], got [1, 4, 4, 2]",
    (make) =>
      ops.conv2dGradW(make("x", [1, 4, 4, 3]), make("dy", [1, 4, 4, 2]), { weightShape: [2, 3, 3, 3] }),
  ],
  [
    "matmul 'matmul': inner size of b: expected 3, got 2",
    (make) => ops.matmul(make("a", [2, 3]), make("b", [3, 2]), { transposeB: true }),
  ],
  [
    "matmul 'matmul': b: expected f32, got i32[3, 2]",
    (make) => ops.matmul(make("a", [2, 3]), make("b", [3, 2], "i32")),
  ],
  [
    "batchNorm 'batchNorm': gamma: expected [5], got [4]; one number per channel of x",
    (make) => ops.batchNorm(make("x", [2, 5]), make("gamma", [4]), make("beta", [5])),
  ],
  [
    "batchNormAddRelu 'batchNormAddRelu': residual: expected [2, 5], got [5]",
    (make) => ops.batchNormAddRelu(make("x", [2, 5]), make("g", [5]), make("b", [5]), make("r", [5])),
  ],
  ["relu 'relu': x: expected f32 or bf16, got i32[2]", (make) => ops.relu(make("x", [2], "i32"))],
  ["reluGrad 'reluGrad': y: expected [2], got [3]", (make) => ops.reluGrad(make("dy", [2]), make("y", [3]))],
  [
    "add 'add': shape of b: expected one that broadcasts with [2, 3], got [2]",
    (make) => ops.add(make("a", [2, 3]), make("b", [2])),
  ],
  [
    "multiply 'multiply': rank: expected at most 4, got 5",
    (make) => ops.multiply(make("a", [1, 1, 1, 1, 2]), make("b", [2])),
  ],
  [
    "biasAdd 'biasAdd': b: expected [3], got [2]; one number per channel of x",
    (make) => ops.biasAdd(make("x", [4, 3]), make("b", [2])),
  ],
  [
    "conv2dBias 'conv2dBias': bias: expected [8], got [3]; one number per channel of y",
    (make) => ops.conv2dBias(make("x", [1, 4, 4, 3]), make("w", [8, 3, 1, 1]), make("bias", [3])),
  ],
  [
    "matmulBias 'matmulBias': bias: expected f32, got bf16[5]",
    (make) => ops.matmulBias(make("a", [2, 3]), make("b", [3, 5]), make("bias", [5], "bf16")),
  ],
  [
    "scale 'scale': s: expected [], got [1]; a scalar or a rank-0 value",
    (make) => ops.scale(make("x", [4]), make("s", [1])),
  ],
  [
    "maxPool 'maxPool': pad: expected less than the window 2 x 2, got 2, 0, 0, 0",
    (make) => ops.maxPool(make("x", [1, 4, 4, 2]), { window: [2, 2], stride: [2, 2], pad: [2, 0, 0, 0] }),
  ],
  [
    "globalAveragePool 'globalAveragePool': x: expected rank 4, got f32[4, 2]",
    (make) => ops.globalAveragePool(make("x", [4, 2])),
  ],
  [
    "dropout 'dropout': step: expected u32, got f32[]",
    (make, graph) =>
      ops.dropout(make("x", [4]), graph.scalar("seed", "u32"), graph.scalar("t"), { rate: 0.5 }),
  ],
  [
    "embedding 'embedding': ids: expected i32, got f32[2, 3]",
    (make) => ops.embedding(make("table", [9, 4]), make("bias", [4]), make("ids", [2, 3])),
  ],
  [
    "embeddingGrad 'embeddingGrad': dy: expected [2, 1, 3, 4], got [2, 3, 1, 4]",
    (make) => ops.embeddingGrad(make("ids", [2, 3], "i32"), make("dy", [2, 3, 1, 4]), { vocabulary: 9 }),
  ],
  ["l2Normalize 'l2Normalize': x: expected rank 2, got f32[4]", (make) => ops.l2Normalize(make("x", [4]))],
  [
    "softmaxCrossEntropy 'softmaxCrossEntropy': labels: expected [4], got [5]",
    (make) => ops.softmaxCrossEntropy(make("logits", [4, 9]), make("labels", [5], "i32")),
  ],
  [
    "rankingHinge 'rankingHinge': columnLabel: expected [5], got [4]",
    (make) =>
      ops.rankingHinge(make("s", [4, 5]), make("rows", [4], "i32"), make("columns", [4], "i32"), {
        margin: 1,
      }),
  ],
  [
    "sum 'sum': axes: expected different axes below 2, got 2; x has rank 2",
    (make) => ops.sum(make("x", [2, 3]), { axes: [2] }),
  ],
  [
    "broadcastTo 'broadcastTo': shape of b: expected one that broadcasts with [3], got [4]",
    (make) => ops.broadcastTo(make("x", [3]), { shape: [4] }),
  ],
  [
    "broadcastTo 'broadcastTo': x: expected [1], got [3]; x must not be larger than shape",
    (make) => ops.broadcastTo(make("x", [3]), { shape: [1] }),
  ],
  [
    "reshape 'reshape': elements of shape: expected 6, got 8",
    (make) => ops.reshape(make("x", [2, 3]), { shape: [8] }),
  ],
  [
    "transpose 'transpose': permutation: expected the axes 0, 1 in some order, got 0, 0",
    (make) => ops.transpose(make("x", [2, 3]), { permutation: [0, 0] }),
  ],
  [
    "concat 'concat': x1: expected [2, 3], got [3, 3]; axes other than `axis` must agree",
    (make) => ops.concat([make("a", [2, 3]), make("b", [3, 3])], { axis: 1 }),
  ],
  [
    "slice 'slice': range: expected 0 <= begin < end <= 3, got begin 2, end 4",
    (make) => ops.slice(make("x", [3]), { axis: 0, begin: 2, end: 4 }),
  ],
  [
    "gatherRows 'gatherRows': index: expected i32, got f32[3]",
    (make) => ops.gatherRows(make("x", [4, 2]), make("index", [3])),
  ],
  [
    "cast 'cast': x: expected f32 or bf16 or i32 or u8, got u32[3]",
    (make) => ops.cast(make("x", [3], "u32"), { dtype: "f32" }),
  ],
  [
    "cropResize 'cropResize': box: expected [2, 5], got [2, 4]; top, left, height, width, flip",
    (make) =>
      ops.cropResize(make("image", [2, 4, 4, 3], "u8"), make("box", [2, 4]), {
        size: [2, 2],
        mean: [0, 0, 0],
        scale: [1, 1, 1],
      }),
  ],
  [
    "countGreater 'countGreater': threshold: expected [4], got [5]",
    (make) => ops.countGreater(make("s", [4, 5]), make("threshold", [5])),
  ],
  [
    "topk 'topk': k: expected at most the 5 columns of similarity, got 6",
    (make) => ops.topk(make("s", [4, 5]), { k: 6 }),
  ],
  [
    "clipScale 'clipScale': total: expected [], got [2]",
    (make) => ops.clipScale(make("total", [2]), { maximum: 1 }),
  ],
  [
    "sgd 'sgd': grad: expected [2], got [3]",
    (make, graph) =>
      ops.sgd(
        graph.parameter("w", [2]),
        make("g", [3]),
        graph.parameter("v", [2]),
        graph.scalar("r"),
        graph.scalar("s"),
      ),
  ],
  [
    "movingAverage 'movingAverage': x: expected [2], got [3]",
    (make, graph) => ops.movingAverage(graph.parameter("state", [2]), make("x", [3]), { decay: 0.9 }),
  ],
];

describe("shape rules", () => {
  it.each(wrongUses)("say: %s", (message, use) => {
    const graph = new Graph("g");
    const make: Make = (name, shape, dtype) => graph.input(name, shape, dtype);
    expect(() => use(make, graph)).toThrow(message);
  });

  it("leave no node behind when they refuse one", () => {
    const graph = new Graph("g");
    expect(() => ops.reshape(graph.input("x", [2]), { shape: [3] })).toThrow(GraphError);
    expect(graph.nodes).toEqual([]);
  });

  it.each([...opRegistry.values()].map((op) => [op.name, op] as const))(
    "give one type per output of %s, as large as its reference's result",
    (name, op) => {
      for (const entry of opCases[name]!) {
        const { outputs } = buildCase(op, entry);
        const named = Object.fromEntries(Object.entries(entry.inputs));
        const results = op.reference(named, op.attrs.parse(entry.attrs), outputs);
        expect(results.map(({ length }) => length)).toEqual(
          outputs.map(({ shape }) => shape.reduce((product, size) => product * size, 1)),
        );
      }
    },
  );

  it.each([...opRegistry.values()].map((op) => [op.name, op] as const))(
    "count operations of %s",
    (name, op) => {
      for (const entry of opCases[name]!) {
        const { outputs } = buildCase(op, entry);
        const flops = op.flops?.(entry.inputs, op.attrs.parse(entry.attrs), outputs) ?? 1;
        expect(Number.isInteger(flops) && flops >= 0).toBe(true);
      }
    },
  );
});
