import { exact, opCase, sumTolerance, type OpCase } from "./cases.js";
import { avoiding, exactly, integers, positive, signed, type Numbers } from "./numbers.js";

const shapes: readonly number[][] = [[7], [3, 5], [2, 3, 2, 16], []];

const unary = (make: (...shape: number[]) => Numbers): readonly OpCase[] =>
  shapes.map((shape) => opCase(`[${shape.join(", ")}]`, { x: make(...shape) }, { gradients: ["x"] }));

const unaryGrad = (saved: "x" | "y", make: (...shape: number[]) => Numbers): readonly OpCase[] =>
  shapes.map((shape) => opCase(`[${shape.join(", ")}]`, { dy: signed(...shape), [saved]: make(...shape) }));

const pairs: readonly (readonly [number[], number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [
    [2, 3, 2, 4],
    [2, 3, 2, 4],
  ],
  [[3, 4], [4]],
  [
    [3, 1],
    [1, 4],
  ],
  [[2, 3], []],
  [[], [2, 3]],
  [
    [2, 1, 3, 4],
    [5, 1, 4],
  ],
  [
    [2, 3, 2, 16],
    [2, 1, 1, 16],
  ],
  [[1], [1]],
];

const binary = (makeB: (...shape: number[]) => Numbers): readonly OpCase[] =>
  pairs.map(([a, b]) =>
    opCase(
      `[${a.join(", ")}] and [${b.join(", ")}]`,
      { a: signed(...a), b: makeB(...b) },
      { gradients: ["a", "b"] },
    ),
  );

const scalar = exactly("f32", [], 0.75);
const seeds = { seed: exactly("u32", [], 12345), step: exactly("u32", [], 7) };

const dropouts: readonly OpCase[] = [
  opCase("rate 0.5", { x: positive(6, 5), ...seeds }, { attrs: { rate: 0.5, stream: 3 }, gradients: ["x"] }),
  opCase("rate 0", { x: positive(3), ...seeds }, { attrs: { rate: 0, stream: 3 }, gradients: ["x"] }),
  opCase(
    "rank 4, 16 channels",
    { x: positive(2, 3, 3, 16), ...seeds },
    { attrs: { rate: 0.25, stream: 4294967295 } },
  ),
];

export const elementwiseCases: Readonly<Record<string, readonly OpCase[]>> = {
  relu: unary((...shape) => avoiding([0], 2, ...shape)),
  reluGrad: unaryGrad("y", (...shape) => avoiding([0], 2, ...shape)),
  relu6: unary((...shape) => avoiding([0, 6], 8, ...shape)),
  relu6Grad: unaryGrad("y", (...shape) => avoiding([0, 6], 8, ...shape)),
  exp: unary(signed),
  log: unary(positive),
  sqrt: unary(positive),
  sqrtGrad: unaryGrad("y", positive),
  square: unary(signed),
  softplus: unary(signed),
  softplusGrad: unaryGrad("x", signed),
  add: binary(signed),
  subtract: binary(signed),
  multiply: binary(signed),
  divide: binary(positive),
  biasAdd: shapes
    .filter(({ length }) => length > 0)
    .map((shape) =>
      opCase(
        `[${shape.join(", ")}]`,
        { x: signed(...shape), b: signed(shape[shape.length - 1]!) },
        { gradients: ["x", "b"] },
      ),
    ),
  biasGrad: [[5], [40, 33], [3, 4, 5, 16], [2, 3, 2, 5]].map((shape) =>
    opCase(`[${shape.join(", ")}]`, { dy: signed(...shape) }, { tolerance: sumTolerance }),
  ),
  scale: shapes.map((shape) =>
    opCase(`[${shape.join(", ")}]`, { x: signed(...shape), s: scalar }, { gradients: ["x", "s"] }),
  ),
  affine: shapes.map((shape) =>
    opCase(
      `[${shape.join(", ")}]`,
      { x: signed(...shape) },
      { attrs: { multiply: -2.5, add: 0.25 }, gradients: ["x"] },
    ),
  ),
  dropout: dropouts,
  cast: [
    opCase("to i32", { x: avoiding([0], 9, 4, 5) }, { attrs: { dtype: "i32" }, tolerance: exact }),
    opCase("i32 to f32", { x: integers("i32", -9, 9, 4, 5) }, { attrs: { dtype: "f32" }, tolerance: exact }),
    opCase(
      "u8 to f32",
      { x: integers("u8", 0, 255, 2, 3, 3, 3) },
      { attrs: { dtype: "f32" }, tolerance: exact },
    ),
    opCase("to u8", { x: avoiding([0], 300, 40) }, { attrs: { dtype: "u8" }, tolerance: exact }),
    opCase("to bf16", { x: signed(50) }, { attrs: { dtype: "bf16" }, tolerance: exact }),
  ],
};
