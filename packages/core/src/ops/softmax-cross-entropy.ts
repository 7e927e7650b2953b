import { z } from "zod";
import { apply } from "../graph/apply.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { elementCount } from "../graph/types.js";

const attributes = z.strictObject({ smoothing: z.number().min(0).lt(1).default(0) });

/** The target distribution's weight of class `column` (Szegedy et al. 2016, section 7). */
const target = (column: number, label: number, classes: number, smoothing: number): number =>
  (column === label ? 1 - smoothing : 0) + smoothing / classes;

export const softmaxCrossEntropyOp = defineOp({
  name: "softmaxCrossEntropy",
  inputs: ["logits", "labels"],
  outputs: ["loss", "logSumExp"],
  attrs: attributes,
  infer: ({ logits, labels }, _, check) => {
    check.rank("logits", logits, 2);
    check.dtype("logits", logits, "f32");
    check.shape("labels", labels, [logits.shape[0]!]);
    check.dtype("labels", labels, "i32");
    const perRow = { shape: [logits.shape[0]!], dtype: "f32" } as const;
    return [perRow, perRow];
  },
  indexLimits: ({ logits }) => ({ labels: [-1, logits.shape[1]! - 1] }),
  grad: ({ logits, labels }, dloss, attrs, { logSumExp }) => ({
    logits: () => softmaxCrossEntropyGrad(dloss, logits, labels, logSumExp, attrs),
  }),
  reference: ({ logits, labels }, { smoothing }) => {
    const [rows, classes] = logits.shape as [number, number];
    const [loss, logSumExp] = [new Float64Array(rows), new Float64Array(rows)];
    for (let row = 0; row < rows; row++) {
      const values = logits.data.subarray(row * classes, (row + 1) * classes);
      const largest = values.reduce((a, b) => Math.max(a, b));
      logSumExp[row] =
        largest + Math.log(values.reduce((total, value) => total + Math.exp(value - largest), 0));
      if (labels.data[row]! < 0) continue;
      values.forEach((value, column) => {
        loss[row]! += target(column, labels.data[row]!, classes, smoothing) * (logSumExp[row]! - value);
      });
    }
    return [loss, logSumExp];
  },
  flops: ({ logits }) => 4 * elementCount(logits.shape),
});

export const softmaxCrossEntropyGradOp = defineOp({
  name: "softmaxCrossEntropyGrad",
  inputs: ["dloss", "logits", "labels", "logSumExp"],
  outputs: ["dlogits"],
  inPlace: [1],
  attrs: attributes,
  infer: ({ dloss, logits, labels, logSumExp }, _, check) => {
    check.rank("logits", logits, 2);
    for (const [name, type] of Object.entries({ dloss, labels, logSumExp }))
      check.shape(name, type, [logits.shape[0]!]);
    check.dtype("labels", labels, "i32");
    return [logits];
  },
  reference: ({ dloss, logits, labels, logSumExp }, { smoothing }) => {
    const classes = logits.shape[1]!;
    return [
      logits.data.map((value, index) => {
        const row = Math.floor(index / classes);
        const label = labels.data[row]!;
        if (label < 0) return 0;
        const probability = Math.exp(value - logSumExp.data[row]!);
        return dloss.data[row]! * (probability - target(index % classes, label, classes, smoothing));
      }),
    ];
  },
  flops: ({ logits }) => 4 * elementCount(logits.shape),
});

/**
 * Cross-entropy of every row of logits f32 [N, C] with labels i32 [N] (-1: ignored, loss 0), `smoothing`
 * spreading that share of the target over all classes (Szegedy et al. 2016). Returns loss [N] and log-sum-exp
 * [N]; gradient flows through the loss only. Throws SHAPE or DTYPE for other inputs, ATTRIBUTE for smoothing
 * outside [0, 1), GRAPH for values of two graphs; a label outside -1 to C - 1 is a FEED error at the step.
 */
export const softmaxCrossEntropy = (
  logits: Value,
  labels: Value,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): { readonly loss: Value; readonly logSumExp: Value } =>
  apply(softmaxCrossEntropyOp, { logits, labels }, attrs, name);

/**
 * Gradient of `softmaxCrossEntropy`: dloss [N] -> [N, C]. Throws SHAPE, DTYPE, ATTRIBUTE or GRAPH as it does.
 */
export const softmaxCrossEntropyGrad = (
  dloss: Value,
  logits: Value,
  labels: Value,
  logSumExp: Value,
  attrs: z.input<typeof attributes> = {},
  name?: string,
): Value => apply(softmaxCrossEntropyGradOp, { dloss, logits, labels, logSumExp }, attrs, name).dlogits;
