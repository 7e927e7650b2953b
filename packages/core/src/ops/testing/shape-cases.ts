import { elementTolerance, exact, gradientCase, opCase, sumTolerance, type OpCase } from "./cases.js";
import { distinct, exactly, integers, signed, withTies, type Numbers } from "./numbers.js";

const reductions: readonly { readonly x: number[]; readonly axes: number[]; readonly keepDims?: boolean }[] =
  [
    { x: [2, 3, 4], axes: [0, 1, 2] },
    { x: [2, 3, 4], axes: [1] },
    { x: [2, 3, 4], axes: [0, 2], keepDims: true },
    { x: [3, 5], axes: [1], keepDims: true },
    { x: [2, 3, 2, 4], axes: [1, 2] },
    { x: [6], axes: [] },
    { x: [70, 90], axes: [0] },
    { x: [70, 90], axes: [1] },
  ];

const reduction = (make: (...shape: number[]) => Numbers): readonly OpCase[] =>
  reductions.map(({ x, axes, keepDims = false }) =>
    opCase(
      `[${x.join(", ")}] over ${axes.join(", ") || "nothing"}${keepDims ? ", kept" : ""}`,
      { x: make(...x) },
      {
        attrs: { axes, keepDims },
        gradients: x.length > 1 && x[0]! < 10 ? ["x"] : [],
        tolerance: sumTolerance,
      },
    ),
  );

const maxima = reduction(distinct);
const tiedMaximum = opCase("ties", { x: withTies(1, 5, 8) }, { attrs: { axes: [1], keepDims: false } });

const shaped = (
  title: string,
  inputs: Record<string, Numbers>,
  attrs: Record<string, unknown>,
  ...gradients: string[]
): OpCase => opCase(title, inputs, { attrs, gradients, tolerance: exact });

const slot = (...shape: number[]): Record<"param" | "grad" | "velocity" | "m" | "v", Numbers> => ({
  param: signed(...shape),
  grad: signed(...shape),
  velocity: signed(...shape),
  m: signed(...shape),
  v: (name) => ({
    ...signed(...shape)(name),
    data: signed(...shape)(name).data.map((value) => Math.fround(value * value)),
  }),
});

const rate = exactly("f32", [], 0.1);
const gradScale = exactly("f32", [], 0.5);

const sgdCase = (title: string, shape: number[], attrs: Record<string, unknown>): OpCase => {
  const { param, grad, velocity } = slot(...shape);
  return opCase(title, { param, grad, velocity, learningRate: rate, gradScale }, { attrs });
};

const adamCase = (title: string, shape: number[], step: number, attrs: Record<string, unknown>): OpCase => {
  const { param, grad, m, v } = slot(...shape);
  const counter = exactly("u32", [], step);
  return opCase(
    title,
    { param, grad, m, v, learningRate: rate, step: counter, gradScale },
    { attrs, tolerance: sumTolerance },
  );
};

export const shapeCases: Readonly<Record<string, readonly OpCase[]>> = {
  sum: reduction(signed),
  mean: reduction(signed),
  max: [...maxima, tiedMaximum],
  maxGrad: [...maxima, tiedMaximum].map((from) =>
    gradientCase("max", from, ({ x, y }) => ({ dy: signed(...y!.shape)(`${from.title}.dy`), x: x!, y: y! })),
  ),
  broadcastTo: [
    shaped("rows", { x: signed(4) }, { shape: [3, 4] }, "x"),
    shaped("columns", { x: signed(3, 1) }, { shape: [3, 4] }, "x"),
    shaped("rank 0", { x: signed() }, { shape: [2, 3] }, "x"),
    shaped("rank 4", { x: signed(2, 1, 1, 16) }, { shape: [2, 3, 2, 16] }, "x"),
  ],
  reshape: [
    shaped("flatten", { x: signed(2, 3, 4) }, { shape: [24] }, "x"),
    shaped("images to rows", { x: signed(2, 2, 3, 16) }, { shape: [2, 96] }, "x"),
    shaped("to rank 0", { x: signed(1, 1) }, { shape: [] }, "x"),
  ],
  transpose: [
    shaped("matrix", { x: signed(3, 5) }, { permutation: [1, 0] }, "x"),
    shaped("rank 4", { x: signed(2, 3, 4, 5) }, { permutation: [0, 3, 1, 2] }, "x"),
    shaped("rank 3", { x: signed(2, 3, 4) }, { permutation: [2, 0, 1] }, "x"),
  ],
  concat: [
    shaped("rows", { x0: signed(2, 3), x1: signed(4, 3) }, { axis: 0 }, "x0", "x1"),
    shaped(
      "columns of three",
      { x0: signed(2, 3), x1: signed(2, 1), x2: signed(2, 4) },
      { axis: 1 },
      "x0",
      "x1",
      "x2",
    ),
    shaped("channels", { x0: signed(2, 2, 2, 3), x1: signed(2, 2, 2, 16) }, { axis: 3 }, "x1"),
    shaped("one", { x0: signed(3) }, { axis: 0 }, "x0"),
  ],
  slice: [
    shaped("rows", { x: signed(5, 3) }, { axis: 0, begin: 1, end: 4 }, "x"),
    shaped("columns", { x: signed(3, 5) }, { axis: 1, begin: 0, end: 2 }, "x"),
    shaped("middle axis", { x: signed(2, 5, 3) }, { axis: 1, begin: 2, end: 3 }, "x"),
  ],
  sliceGrad: [
    shaped("rows", { dy: signed(3, 3) }, { inputShape: [5, 3], axis: 0, begin: 1 }, "dy"),
    shaped("columns", { dy: signed(3, 2) }, { inputShape: [3, 5], axis: 1, begin: 0 }, "dy"),
  ],
  cropResize: [
    opCase(
      "shrunk, grown and mirrored",
      {
        image: integers("u8", 0, 255, 3, 9, 8, 3),
        box: exactly("f32", [3, 5], 0, 0, 9, 8, 0, 1, 2, 3, 4, 1, 2.5, 1.25, 5.5, 6, 0),
      },
      { attrs: { size: [5, 6], mean: [120, 115, 100], scale: [0.01, 0.02, 0.017] }, tolerance: sumTolerance },
    ),
    opCase(
      "whole image unchanged",
      {
        image: integers("u8", 0, 255, 2, 4, 5, 3),
        box: exactly("f32", [2, 5], 0, 0, 4, 5, 0, 0, 0, 4, 5, 1),
      },
      { attrs: { size: [4, 5], mean: [0, 0, 0], scale: [1, 1, 1] }, tolerance: elementTolerance },
    ),
  ],
  countGreater: [
    shaped("ties", { similarity: withTies(0.5, 6, 50), threshold: withTies(0.5, 6) }, {}),
    shaped("wide", { similarity: signed(3, 200), threshold: signed(3) }, {}),
  ],
  topk: [
    shaped("ties", { similarity: withTies(0.5, 4, 20) }, { k: 7 }),
    shaped("all", { similarity: signed(3, 9) }, { k: 9 }),
    shaped("wide", { similarity: signed(5, 300) }, { k: 10 }),
  ],
  sumSquares: [[4, 3], [3000], []].map((shape) =>
    opCase(
      `[${shape.join(", ")}]`,
      { x: signed(...shape) },
      { gradients: shape.length === 2 ? ["x"] : [], tolerance: sumTolerance },
    ),
  ),
  clipScale: [
    opCase("too large", { total: exactly("f32", [], 16) }, { attrs: { maximum: 1 } }),
    opCase("small enough", { total: exactly("f32", [], 0.25) }, { attrs: { maximum: 1 } }),
    opCase("zero", { total: exactly("f32", [], 0) }, { attrs: { maximum: 1 } }),
  ],
  sgd: [
    sgdCase("plain", [5], {}),
    sgdCase("momentum and weight decay", [4, 7], { momentum: 0.9, weightDecay: 0.01 }),
    sgdCase("Nesterov", [3, 3, 3, 3], { momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  ],
  adam: [
    adamCase("first step", [5], 1, {}),
    adamCase("weight decay", [4, 7], 10, { weightDecay: 0.1, beta1: 0.8, beta2: 0.95 }),
    adamCase("decoupled weight decay", [33], 1000, { weightDecay: 0.1, decoupled: true }),
  ],
  movingAverage: [
    opCase("plain", { state: signed(7), x: signed(7) }, { attrs: { decay: 0.9 } }),
    opCase(
      "corrected",
      { state: signed(4, 5), x: signed(4, 5) },
      { attrs: { decay: 0.99, correction: 1.25 } },
    ),
  ],
  fill: [
    opCase("matrix", {}, { attrs: { shape: [2, 3], value: -1.5 }, tolerance: exact }),
    opCase("rank 0", {}, { attrs: { shape: [], value: 1 }, tolerance: exact }),
  ],
};
