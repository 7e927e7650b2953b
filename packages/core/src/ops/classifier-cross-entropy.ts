import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Check } from "../graph/check.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount, type Tensor, type TensorType } from "../graph/types.js";
import { once } from "./once.js";
import { softmaxCrossEntropyGradOp, softmaxCrossEntropyOp } from "./softmax-cross-entropy.js";

const BLOCK_MULTIPLE = 16;
const DEFAULT_BLOCK = 4096;

const attributes = z.strictObject({
  smoothing: z.number().min(0).lt(1).default(0),
  block: z.int().positive().multipleOf(BLOCK_MULTIPLE).default(DEFAULT_BLOCK),
});

type Attrs = z.output<typeof attributes>;
type Classified = "x" | "w" | "bias" | "labels";
type Named<Name extends string, T> = Readonly<Record<Name, T>>;

const checkClassifier = (check: Check, { x, w, bias, labels }: Named<Classified, TensorType>): void => {
  check.rank("x", x, 2);
  check.rank("w", w, 2);
  for (const [name, type] of Object.entries({ x, w, bias })) check.dtype(name, type, "f32");
  check.size("length of x", w.shape[1]!, x.shape[1]!);
  check.shape("bias", bias, [w.shape[0]!]);
  check.shape("labels", labels, [x.shape[0]!]);
  check.dtype("labels", labels, "i32");
};

/** x w^T + bias in float64. */
const logitsOf = ({ x, w, bias }: Named<"x" | "w" | "bias", Tensor>): Tensor => {
  const [rows, dimension, classes] = [x.shape[0]!, x.shape[1]!, w.shape[0]!];
  const data = Float64Array.from({ length: rows * classes }, (_, at) => {
    const [row, column] = [Math.floor(at / classes) * dimension, (at % classes) * dimension];
    let logit = bias.data[at % classes]!;
    for (let k = 0; k < dimension; k++) logit += x.data[row + k]! * w.data[column + k]!;
    return logit;
  });
  return { shape: [rows, classes], dtype: "f32", data };
};

const productFlops = ({ x, w }: Named<"x" | "w", TensorType>): number =>
  2 * elementCount(x.shape) * w.shape[0]!;

export const classifierCrossEntropyOp = defineOp({
  name: "classifierCrossEntropy",
  inputs: ["x", "w", "bias", "labels"],
  outputs: ["loss", "logSumExp"],
  product: true,
  attrs: attributes,
  infer: (inputs, _, check) => {
    checkClassifier(check, inputs);
    const perRow = { shape: [inputs.x.shape[0]!], dtype: "f32" } as const;
    return [perRow, perRow];
  },
  indexLimits: ({ w }) => ({ labels: [-1, w.shape[0]! - 1] }),
  grad: ({ x, w, bias, labels }, dloss, attrs, { logSumExp }) => {
    const inputs = { dloss, x, w, bias, labels, logSumExp };
    const made = once(() => apply(classifierCrossEntropyGradOp, inputs, attrs));
    return { x: () => made().dx, w: () => made().dw, bias: () => made().dbias };
  },
  reference: (inputs, { smoothing }, outputs) =>
    softmaxCrossEntropyOp.reference(
      { logits: logitsOf(inputs), labels: inputs.labels },
      { smoothing },
      outputs,
    ),
  flops: (inputs) => productFlops(inputs) + 4 * inputs.x.shape[0]! * inputs.w.shape[0]!,
});

export const classifierCrossEntropyGradOp = defineOp({
  name: "classifierCrossEntropyGrad",
  inputs: ["dloss", "x", "w", "bias", "labels", "logSumExp"],
  outputs: ["dx", "dw", "dbias"],
  product: true,
  attrs: attributes,
  infer: ({ dloss, logSumExp, ...inputs }, _, check) => {
    checkClassifier(check, inputs);
    for (const [name, type] of Object.entries({ dloss, logSumExp }))
      check.shape(name, type, [inputs.x.shape[0]!]);
    return [inputs.x, inputs.w, inputs.bias];
  },
  reference: (inputs, attrs) => gradients(inputs, attrs),
  flops: (inputs) => 3 * productFlops(inputs) + 5 * inputs.x.shape[0]! * inputs.w.shape[0]!,
});

const gradients = (
  { dloss, x, w, bias, labels, logSumExp }: Named<Classified | "dloss" | "logSumExp", Tensor>,
  { smoothing }: Attrs,
): Float64Array[] => {
  const logits = logitsOf({ x, w, bias });
  const [g] = softmaxCrossEntropyGradOp.reference({ dloss, logits, labels, logSumExp }, { smoothing }, []);
  const [dx, dw, dbias] = [x, w, bias].map(({ data }) => new Float64Array(data.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [dimension, classes] = [x.shape[1]!, w.shape[0]!];
  g!.forEach((value, at) => {
    const [row, column] = [Math.floor(at / classes) * dimension, (at % classes) * dimension];
    dbias[at % classes]! += value;
    for (let k = 0; k < dimension; k++) {
      dx[row + k]! += value * w.data[column + k]!;
      dw[column + k]! += value * x.data[row + k]!;
    }
  });
  return [dx, dw, dbias];
};

/**
 * Cross-entropy of the classifier x [N, D] w^T + bias, w [C, D], bias [C], with labels i32 [N] (-1: ignored,
 * loss 0), `block` classes at a time: the logits [N, C] are never held, and computed once more for the
 * gradient. Otherwise as `softmaxCrossEntropy`. Throws SHAPE or DTYPE for other inputs, ATTRIBUTE for
 * smoothing outside [0, 1) or a block that is no multiple of 16, GRAPH for values of two graphs; a label
 * outside -1 to C - 1 is a FEED error at the step.
 */
export const classifierCrossEntropy = (
  inputs: Named<Classified, Value>,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): { readonly loss: Value; readonly logSumExp: Value } =>
  apply(classifierCrossEntropyOp, inputs, attrs, name);
