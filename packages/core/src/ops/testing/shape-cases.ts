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
    shaped("rows", { x: signed(2, 3), x1: signed(4, 3) }, { axis: 0 }, "x", "x1"),
    shaped(
      "columns of three",
      { x: signed(2, 3), x1: signed(2, 1), x2: signed(2, 4) },
      { axis: 1 },
      "x",
      "x1",
      "x2",
    ),
    shaped("channels", { x: signed(2, 2, 2, 3), x1: signed(2, 2, 2, 16) }, { axis: 3 }, "x1"),
    shaped("one", { x: signed(3) }, { axis: 0 }, "x"),
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
  fill: [
    opCase("matrix", {}, { attrs: { shape: [2, 3], value: -1.5 }, tolerance: exact }),
    opCase("rank 0", {}, { attrs: { shape: [], value: 1 }, tolerance: exact }),
  ],
};
