import { convolutionTolerance, gradientCase, opCase, sumTolerance, type OpCase } from "./cases.js";
import { signed } from "./numbers.js";

interface Geometry {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly w: readonly [number, number, number, number];
  readonly attrs?: Readonly<Record<string, unknown>>;
}

const geometries: readonly Geometry[] = [
  { title: "1x1", x: [2, 3, 3, 2], w: [3, 2, 1, 1] },
  { title: "3x3, padded", x: [2, 4, 5, 3], w: [4, 3, 3, 3], attrs: { pad: [1, 1, 1, 1] } },
  { title: "3x3, stride 2", x: [1, 6, 5, 2], w: [3, 2, 3, 3], attrs: { stride: [2, 2], pad: [1, 1, 1, 1] } },
  { title: "1x2, padded right", x: [2, 1, 7, 3], w: [4, 3, 1, 2], attrs: { pad: [0, 0, 0, 1] } },
  { title: "1x2, padded left", x: [2, 1, 7, 3], w: [4, 3, 1, 2], attrs: { pad: [0, 0, 1, 0] } },
  {
    title: "different strides",
    x: [1, 6, 7, 2],
    w: [2, 2, 2, 3],
    attrs: { stride: [2, 3], pad: [0, 1, 2, 0] },
  },
  { title: "dilated", x: [1, 7, 7, 2], w: [2, 2, 3, 3], attrs: { dilation: [2, 2], pad: [2, 2, 2, 2] } },
  { title: "two groups", x: [2, 4, 4, 4], w: [6, 2, 3, 3], attrs: { groups: 2, pad: [1, 1, 1, 1] } },
  { title: "depthwise", x: [1, 5, 5, 4], w: [4, 1, 3, 3], attrs: { groups: 4, pad: [1, 1, 1, 1] } },
  {
    title: "7x7, stride 2, 3 channels to 16",
    x: [2, 16, 16, 3],
    w: [16, 3, 7, 7],
    attrs: { stride: [2, 2], pad: [3, 3, 3, 3] },
  },
  { title: "3x3, 16 to 32 channels", x: [2, 9, 8, 16], w: [32, 16, 3, 3], attrs: { pad: [1, 1, 1, 1] } },
  {
    title: "3x3, stride 2, 32 to 16 channels",
    x: [2, 8, 8, 32],
    w: [16, 32, 3, 3],
    attrs: { stride: [2, 2], pad: [1, 1, 1, 1] },
  },
  {
    title: "1x1, stride 2, 16 to 32 channels",
    x: [3, 7, 7, 16],
    w: [32, 16, 1, 1],
    attrs: { stride: [2, 2] },
  },
  {
    title: "1x2, 32 channels, padded right",
    x: [3, 1, 12, 32],
    w: [32, 32, 1, 2],
    attrs: { pad: [0, 0, 0, 1] },
  },
  { title: "1x1, 20 to 24 channels", x: [2, 5, 5, 20], w: [24, 20, 1, 1] },
  {
    title: "depthwise, 32 channels",
    x: [2, 7, 7, 32],
    w: [32, 1, 3, 3],
    attrs: { groups: 32, pad: [1, 1, 1, 1] },
  },
];

const largestGradientCase = 400;

const isSmall = ({ x, w }: Geometry): boolean =>
  [x, w].every((shape) => shape.reduce((a, b) => a * b) <= largestGradientCase);

const forward: readonly OpCase[] = geometries.map((geometry) =>
  opCase(
    geometry.title,
    { x: signed(...geometry.x), w: signed(...geometry.w) },
    {
      ...(geometry.attrs ? { attrs: geometry.attrs } : {}),
      gradients: isSmall(geometry) ? ["x", "w"] : [],
      tolerance: convolutionTolerance,
    },
  ),
);

const gradX = forward.map((from) =>
  gradientCase("conv2d", from, ({ y, w }) => ({ dy: y!, w: w! }), {
    attrs: { ...from.attrs, inputShape: from.inputs["x"]!.shape },
  }),
);

const gradW = forward.map((from) =>
  gradientCase("conv2d", from, ({ y, x }) => ({ x: x!, dy: y! }), {
    attrs: { ...from.attrs, weightShape: from.inputs["w"]!.shape },
  }),
);

const secondOrder = (cases: readonly OpCase[], gradients: readonly string[]): readonly OpCase[] =>
  cases.map((entry, index) => (index < 3 ? { ...entry, gradients } : entry));

const product = (title: string, a: number[], b: number[], attrs = {}, gradients = ["a", "b"]): OpCase =>
  opCase(title, { a: signed(...a), b: signed(...b) }, { attrs, gradients, tolerance: sumTolerance });

/** The same inputs with a bias for each of the result's channels, and once more with ReLU. */
const biased = (entry: OpCase, channels: number): readonly OpCase[] =>
  [false, true].map((relu) => ({
    ...entry,
    title: `${entry.title}${relu ? ", ReLU" : ""}`,
    inputs: { ...entry.inputs, bias: signed(channels)(`${entry.title}.bias`) },
    attrs: { ...entry.attrs, relu },
    gradients: [],
  }));

const products: readonly OpCase[] = [
  product("plain", [3, 4], [4, 5]),
  product("transposed a", [4, 3], [4, 5], { transposeA: true }),
  product("transposed b", [3, 4], [5, 4], { transposeB: true }),
  product("both transposed", [4, 3], [5, 4], { transposeA: true, transposeB: true }),
  product("one row", [1, 7], [7, 2]),
  product("wide", [33, 130], [65, 130], { transposeB: true }, []),
  product("tall, transposed a", [129, 17], [129, 70], { transposeA: true }, []),
];

const columnsOf = ({ inputs, attrs }: OpCase): number =>
  inputs["b"]!.shape[attrs["transposeB"] === true ? 0 : 1]!;

export const convolutionCases: Readonly<Record<string, readonly OpCase[]>> = {
  conv2d: forward,
  conv2dBias: forward.flatMap((entry) => biased(entry, entry.inputs["w"]!.shape[0]!)),
  conv2dGradX: secondOrder(gradX, ["dy", "w"]),
  conv2dGradW: secondOrder(gradW, ["x", "dy"]),
  matmul: products,
  matmulBias: products.flatMap((entry) => biased(entry, columnsOf(entry))),
};
