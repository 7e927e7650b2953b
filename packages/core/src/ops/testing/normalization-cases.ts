import type { Tensor } from "../../graph/types.js";
import { gradientCase, opCase, sumTolerance, type OpCase } from "./cases.js";
import { between, positive, signed, type Numbers } from "./numbers.js";

const shapes: readonly { readonly title: string; readonly x: number[]; readonly small: boolean }[] = [
  { title: "images", x: [2, 3, 2, 4], small: true },
  { title: "rows", x: [6, 3], small: true },
  { title: "16 channels", x: [3, 5, 4, 16], small: false },
  { title: "rows of 48 channels", x: [33, 48], small: false },
  { title: "text, 24 channels", x: [4, 1, 9, 24], small: false },
];

const channelVectors = (x: readonly number[], ...names: readonly string[]): Record<string, Numbers> => {
  const channels = x[x.length - 1]!;
  return Object.fromEntries(
    names.map((name) => [name, name === "beta" || name === "mean" ? signed(channels) : positive(channels)]),
  );
};

const settings = [
  { suffix: "", attrs: { epsilon: 1e-3 } },
  { suffix: ", relu", attrs: { epsilon: 1e-5, activation: "relu" } },
  { suffix: ", relu6", attrs: { epsilon: 1e-5, activation: "relu6" } },
];

const cases = (names: readonly string[], gradients: readonly string[]): readonly OpCase[] =>
  shapes.flatMap(({ title, x, small }) =>
    settings.map(({ suffix, attrs }) =>
      opCase(
        title + suffix,
        { x: between(-1, 3, ...x), ...channelVectors(x, ...names) },
        { attrs, gradients: small ? gradients : [], tolerance: sumTolerance },
      ),
    ),
  );

const batchNorm = cases(["gamma", "beta"], ["x", "gamma", "beta"]);
const frozen = cases(["gamma", "beta", "mean", "variance"], ["x", "gamma", "beta"]);
const addRelu = shapes.map(({ title, x, small }) =>
  opCase(
    title,
    { x: between(-1, 3, ...x), ...channelVectors(x, "gamma", "beta"), residual: signed(...x) },
    {
      attrs: { epsilon: 1e-4 },
      gradients: small ? ["x", "gamma", "beta", "residual"] : [],
      tolerance: sumTolerance,
    },
  ),
);

const gradientInputs =
  (title: string) =>
  (values: Record<string, Tensor>): Record<string, Tensor> => {
    const { x, gamma, mean, variance, y } = values as Record<
      "x" | "gamma" | "mean" | "variance" | "y",
      Tensor
    >;
    return { dy: signed(...x.shape)(`${title}.dy`), x, gamma, mean, variance, y };
  };

const gradients = (forward: string, from: readonly OpCase[]): readonly OpCase[] =>
  from.map((entry) => gradientCase(forward, entry, gradientInputs(entry.title)));

export const normalizationCases: Readonly<Record<string, readonly OpCase[]>> = {
  batchNorm,
  batchNormGrad: gradients("batchNorm", batchNorm),
  batchNormFrozen: frozen,
  batchNormFrozenGrad: gradients("batchNormFrozen", frozen),
  batchNormAddRelu: addRelu,
  batchNormAddReluGrad: gradients("batchNormAddRelu", addRelu),
};
