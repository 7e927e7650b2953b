import type { Attributes } from "./types.js";

/** One node of a chain: the op, attributes it must have, and the inputs through which the chain may come in. */
export interface Link {
  readonly op: string;
  readonly attrs?: Attributes;
  readonly through?: readonly string[];
  /** No input is broadcast. */
  readonly sameShapes?: true;
  /** The link's first output has other readers too, and the fused node makes it for them. */
  readonly shared?: true;
}

/**
 * A chain of nodes and the one op that replaces it. Values are written `position.name`: `"0.gamma"` is an input or
 * output of the chain's first node, `"1.other"` the second node's input that does not come from the chain.
 */
export interface FusionRow {
  readonly name: string;
  readonly chain: readonly Link[];
  readonly into: {
    readonly op: string;
    readonly inputs: Readonly<Record<string, string>>;
    readonly outputs: Readonly<Record<string, string>>;
    /** The chain position whose attributes are kept, what is set, and what is dropped. */
    readonly attributesOf: number;
    readonly attrs?: Attributes;
    readonly without?: readonly string[];
  };
}

const plain = { activation: "none" };
const ofFirst = (...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, `0.${name}`]));
const statistics = { mean: "1.mean", variance: "1.variance" };
const channelGradients = { dx: "1.dx", dgamma: "1.dgamma", dbeta: "1.dbeta" };
const gradientInputs = { dy: "0.dy", x: "1.x", gamma: "1.gamma", ...statistics, y: "0.y" };

/** A product or convolution with its bias, and with the ReLU behind it. */
const biasedRows = (op: string, into: string, inputs: readonly [string, string]): readonly FusionRow[] =>
  [true, false].map((relu) => ({
    name: `${op} + biasAdd${relu ? " + relu" : ""}`,
    chain: [{ op }, { op: "biasAdd", through: ["x"] }, ...(relu ? [{ op: "relu", through: ["x"] }] : [])],
    into: {
      op: into,
      inputs: { ...ofFirst(...inputs), bias: "1.b" },
      outputs: { y: relu ? "2.y" : "1.y" },
      attributesOf: 0,
      attrs: { relu },
    },
  }));

/** A normalisation with the activation behind it. */
const normalizationRows = (activation: string): readonly FusionRow[] =>
  [
    { op: "batchNorm", given: [], made: ["mean", "variance"] },
    { op: "batchNormFrozen", given: ["mean", "variance"], made: [] },
  ].map(({ op, given, made }) => ({
    name: `${op} + ${activation}`,
    chain: [
      { op, attrs: plain },
      { op: activation, through: ["x"] },
    ],
    into: {
      op,
      inputs: ofFirst("x", "gamma", "beta", ...given),
      outputs: { y: "1.y", ...ofFirst(...made) },
      attributesOf: 0,
      attrs: { activation },
    },
  }));

/** The gradients of both. */
const gradientRows = (activation: string): readonly FusionRow[] =>
  ["batchNormGrad", "batchNormFrozenGrad"].map((op) => ({
    name: `${activation}Grad + ${op}`,
    chain: [{ op: `${activation}Grad` }, { op, attrs: plain, through: ["dy"] }],
    into: {
      op,
      inputs: gradientInputs,
      outputs: channelGradients,
      attributesOf: 1,
      attrs: { activation },
    },
  }));

const activations = ["relu", "relu6"];

/** Tried from the first row to the last. */
export const fusionTable: readonly FusionRow[] = [
  ...biasedRows("conv2d", "conv2dBias", ["x", "w"]),
  ...biasedRows("matmul", "matmulBias", ["a", "b"]),
  {
    name: "batchNorm + add + relu",
    chain: [
      { op: "batchNorm", attrs: plain },
      { op: "add", through: ["a", "b"], sameShapes: true },
      { op: "relu", through: ["x"] },
    ],
    into: {
      op: "batchNormAddRelu",
      inputs: { x: "0.x", gamma: "0.gamma", beta: "0.beta", residual: "1.other" },
      outputs: { y: "2.y", mean: "0.mean", variance: "0.variance" },
      attributesOf: 0,
      without: ["activation"],
    },
  },
  {
    name: "reluGrad + batchNormGrad and a residual",
    chain: [
      { op: "reluGrad", shared: true },
      { op: "batchNormGrad", attrs: plain, through: ["dy"] },
    ],
    into: {
      op: "batchNormAddReluGrad",
      inputs: gradientInputs,
      outputs: { ...channelGradients, dresidual: "0.dx" },
      attributesOf: 1,
      without: ["activation"],
    },
  },
  ...activations.flatMap((activation) => [...normalizationRows(activation), ...gradientRows(activation)]),
];
