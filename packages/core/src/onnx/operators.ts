import type { GraphNode } from "../graph/graph.js";
import type { Activation } from "../ops/normalization.js";
import type { AttributeValue, OnnxGraph } from "./onnx-graph.js";

/** One node to translate. Pictures lie as (N, C, H, W) in ONNX; `inputs` are the names of their values there. */
export interface Translation {
  readonly graph: OnnxGraph;
  readonly node: GraphNode;
  readonly inputs: readonly string[];
  readonly output: string;
}

type Translator = (translation: Translation) => void;

const one =
  (operator: string, attributes: Readonly<Record<string, AttributeValue>> = {}): Translator =>
  ({ graph, inputs, output }) =>
    void graph.node(operator, inputs, output, attributes);

const rankOf = ({ node }: Translation, input = 0): number => node.inputs[input]!.shape.length;

const attribute = <T>({ node }: Translation, name: string): T => node.attrs[name] as T;

type Sides = readonly [top: number, bottom: number, left: number, right: number];

/** Ours are (top, bottom, left, right); ONNX wants all beginnings first. */
const padsOf = ([top, bottom, left, right]: Sides): number[] => [top, left, bottom, right];

const windowed =
  (operator: string, more: (translation: Translation) => Record<string, AttributeValue>): Translator =>
  (translation) => {
    const strides = attribute<readonly number[]>(translation, "stride");
    const pads = padsOf(attribute<Sides>(translation, "pad"));
    const { graph, inputs, output } = translation;
    graph.node(operator, inputs, output, { strides, pads, ...more(translation) });
  };

/** A row [C] beside pictures (N, C, H, W). */
function channels(translation: Translation, input: number): string {
  const { graph, inputs, output, node } = translation;
  const name = inputs[input]!;
  if (rankOf(translation) !== 4 || node.inputs[input]!.shape.length !== 1) return name;
  return graph.node("Reshape", [name, graph.integers([1, -1, 1, 1])], `${output}/channels`);
}

const clip6 = (graph: OnnxGraph, x: string, y: string): void =>
  void graph.node("Clip", [x, graph.constant([0]), graph.constant([6])], y);

const batchNorm: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  const [x, gamma, beta, mean, variance] = inputs as [string, string, string, string, string];
  const activation = attribute<Activation>(translation, "activation");
  const y = activation === "none" ? output : `${output}/norm`;
  const epsilon = { float: attribute<number>(translation, "epsilon") };
  graph.node("BatchNormalization", [x, gamma, beta, mean, variance], y, { epsilon });
  if (activation === "relu") graph.node("Relu", [y], output);
  if (activation === "relu6") clip6(graph, y, output);
};

const affine: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  const multiply = graph.constant([attribute<number>(translation, "multiply")]);
  const product = graph.node("Mul", [inputs[0]!, multiply], `${output}/product`);
  graph.node("Add", [product, graph.constant([attribute<number>(translation, "add")])], output);
};

const matmul: Translator = (translation) => {
  const [transA, transB] = ["transposeA", "transposeB"].map((name) =>
    attribute<boolean>(translation, name) ? 1 : 0,
  );
  one("Gemm", { transA: transA!, transB: transB! })(translation);
};

const biasAdd: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  graph.node("Add", [inputs[0]!, channels(translation, 1)], output);
};

const l2Normalize: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  const squares = graph.node("ReduceSumSquare", inputs, `${output}/squares`, { axes: [1], keepdims: 1 });
  const epsilon = graph.constant([attribute<number>(translation, "epsilon")]);
  const shifted = graph.node("Add", [squares, epsilon], `${output}/shifted`);
  graph.node("Div", [inputs[0]!, graph.node("Sqrt", [shifted], `${output}/norm`)], output);
};

/** Id 0 is the pad: a row of zeros in front of the table. */
const embedding: Translator = ({ graph, inputs, output, node }) => {
  const [table, bias, ids] = inputs as [string, string, string];
  const dimension = node.inputs[0]!.shape[1]!;
  const pad = graph.constant(new Array<number>(dimension).fill(0), [1, dimension]);
  const rows = graph.node("Concat", [pad, table], `${output}/table`, { axis: 0 });
  const words = graph.node("Gather", [rows, ids], `${output}/words`, { axis: 0 });
  const sum = graph.node("Add", [words, bias], `${output}/sum`);
  const turned = graph.node("Transpose", [sum], `${output}/turned`, { perm: [0, 2, 1] });
  graph.node("Unsqueeze", [turned, graph.integers([2])], output);
};

/** Places of the channels, rows and columns of a picture there; other ranks keep their axes. */
const axisOf = (axis: number, rank: number): number => (rank === 4 ? [0, 2, 3, 1][axis]! : axis);

const reshape: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  const [, ...rest] = attribute<readonly number[]>(translation, "shape");
  const x =
    rankOf(translation) === 4
      ? graph.node("Transpose", inputs, `${output}/turned`, { perm: [0, 2, 3, 1] })
      : inputs[0]!;
  graph.node("Reshape", [x, graph.integers([-1, ...rest])], output);
};

/** Its axes count in (N, H, W, C), before and behind it. */
const transpose: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  const axes = attribute<readonly number[]>(translation, "permutation");
  const perm = rankOf(translation) === 4 ? [0, 3, 1, 2].map((place) => axisOf(axes[place]!, 4)) : axes;
  graph.node("Transpose", inputs, output, { perm });
};

const sum: Translator = (translation) => {
  const { graph, inputs, output } = translation;
  const axes = attribute<readonly number[]>(translation, "axes").map((axis) =>
    axisOf(axis, rankOf(translation)),
  );
  const keepdims = attribute<boolean>(translation, "keepDims") ? 1 : 0;
  graph.node("ReduceSum", [inputs[0]!, graph.integers(axes)], output, { keepdims });
};

const FLOAT = 1;

/** The ops of a model's forward pass in ONNX's words. */
export const translators: Readonly<Record<string, Translator>> = {
  conv2d: windowed("Conv", (translation) => ({
    dilations: attribute<readonly number[]>(translation, "dilation"),
    group: attribute<number>(translation, "groups"),
    kernel_shape: translation.node.inputs[1]!.shape.slice(2),
  })),
  maxPool: windowed("MaxPool", (translation) => ({
    kernel_shape: attribute<readonly number[]>(translation, "window"),
  })),
  averagePool: windowed("AveragePool", (translation) => ({
    kernel_shape: attribute<readonly number[]>(translation, "window"),
    count_include_pad: attribute<boolean>(translation, "countPad") ? 1 : 0,
  })),
  globalAveragePool: one("ReduceMean", { axes: [2, 3], keepdims: 0 }),
  globalMaxPool: one("ReduceMax", { axes: [2, 3], keepdims: 0 }),
  batchNormFrozen: batchNorm,
  relu: one("Relu"),
  relu6: ({ graph, inputs, output }) => clip6(graph, inputs[0]!, output),
  add: one("Add"),
  subtract: one("Sub"),
  multiply: one("Mul"),
  divide: one("Div"),
  biasAdd,
  affine,
  matmul,
  l2Normalize,
  embedding,
  reshape,
  transpose,
  sum,
  cast: one("Cast", { to: FLOAT }),
  concat: (translation) =>
    one("Concat", { axis: axisOf(attribute<number>(translation, "axis"), rankOf(translation)) })(translation),
};
