import { gradientCase, opCase, sumTolerance, type OpCase } from "./cases.js";
import { distinct, signed, withTies } from "./numbers.js";

const windows = [
  { title: "2x2", x: [2, 4, 4, 3], attrs: { window: [2, 2], stride: [2, 2] } },
  {
    title: "3x3, stride 2, padded",
    x: [1, 5, 6, 2],
    attrs: { window: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] },
  },
  {
    title: "1x2, padded right",
    x: [2, 1, 5, 3],
    attrs: { window: [1, 2], stride: [1, 1], pad: [0, 0, 0, 1] },
  },
  {
    title: "overlapping, 16 channels",
    x: [2, 7, 6, 16],
    attrs: { window: [3, 2], stride: [1, 1], pad: [0, 1, 1, 0] },
  },
];

const isSmall = (x: readonly number[]): boolean => x.reduce((a, b) => a * b) <= 100;

const inputShape = ({ attrs, inputs }: OpCase): Record<string, unknown> => ({
  ...attrs,
  inputShape: inputs["x"]!.shape,
});

const maxPool = windows.map(({ title, x, attrs }) =>
  opCase(title, { x: distinct(...x) }, { attrs, gradients: isSmall(x) ? ["x"] : [] }),
);
const tied = opCase("ties", { x: withTies(1, 2, 6, 6, 4) }, { attrs: { window: [3, 3], stride: [2, 2] } });
const averagePool = windows.flatMap(({ title, x, attrs }) =>
  [false, true].map((countPad) =>
    opCase(
      `${title}${countPad ? ", counting padding" : ""}`,
      { x: signed(...x) },
      {
        attrs: { ...attrs, countPad },
        gradients: isSmall(x) ? ["x"] : [],
        tolerance: sumTolerance,
      },
    ),
  ),
);
const planes = [
  [2, 3, 2, 3],
  [3, 4, 5, 16],
  [2, 1, 9, 20],
];
const globalMaxPool = planes.map((x) =>
  opCase(`[${x.join(", ")}]`, { x: distinct(...x) }, { gradients: isSmall(x) ? ["x"] : [] }),
);
const globalAveragePool = planes.map((x) =>
  opCase(
    `[${x.join(", ")}]`,
    { x: signed(...x) },
    { gradients: isSmall(x) ? ["x"] : [], tolerance: sumTolerance },
  ),
);

export const poolingCases: Readonly<Record<string, readonly OpCase[]>> = {
  maxPool: [...maxPool, tied],
  maxPoolGrad: [...maxPool, tied].map((from) =>
    gradientCase("maxPool", from, ({ y, argmax }) => ({ dy: y!, argmax: argmax! }), {
      attrs: inputShape(from),
    }),
  ),
  averagePool,
  averagePoolGrad: averagePool.map((from) =>
    gradientCase("averagePool", from, ({ y }) => ({ dy: y! }), { attrs: inputShape(from) }),
  ),
  globalAveragePool,
  globalAveragePoolGrad: globalAveragePool.map((from) =>
    gradientCase("globalAveragePool", from, ({ y }) => ({ dy: y! }), { attrs: inputShape(from) }),
  ),
  globalMaxPool,
  globalMaxPoolGrad: globalMaxPool.map((from) =>
    gradientCase("globalMaxPool", from, ({ y, argmax }) => ({ dy: y!, argmax: argmax! }), {
      attrs: inputShape(from),
    }),
  ),
};
