import type { Value } from "../graph/graph.js";
import { classifierCrossEntropy, fill, mean, softmaxCrossEntropy } from "../ops/index.js";

/**
 * Instance loss of one path (paper A, section 3.3): mean over the batch of -log softmax(logits)[label].
 * logits f32 [N, classes], labels i32 [N]; rows with label -1 add nothing but count in the mean. Returns a
 * rank-0 value. Throws SHAPE or DTYPE for inputs of other types, ATTRIBUTE for smoothing outside [0, 1).
 */
export function instanceLoss(logits: Value, labels: Value, smoothing: number, name: string): Value {
  const { loss } = softmaxCrossEntropy(logits, labels, { smoothing }, name);
  return mean(loss, { axes: [0] }, `${name}.mean`);
}

/** A classifier at its input: logits [N, classes] = x [N, D] times the transpose of w [classes, D], plus bias. */
export interface Classifier {
  readonly x: Value;
  readonly w: Value;
  readonly bias?: Value;
  /** Appends the logits to the graph. */
  logits(): Value;
}

/** Numbers of a logit matrix from which on it is never held: by blocks of classes, for a third more products. */
export const BLOCKWISE_FROM = 2 ** 24;

/**
 * Cross-entropy of every row of a classifier, f32 [N], with labels i32 [N], by blocks of classes where there
 * are very many. Throws SHAPE or DTYPE for inputs of other types, ATTRIBUTE for smoothing outside [0, 1).
 */
export function classifierLosses(
  classifier: Classifier,
  labels: Value,
  smoothing: number,
  name: string,
): Value {
  const { x, w, bias } = classifier;
  const [rows, classes] = [x.shape[0]!, w.shape[0]!];
  if (rows * classes < BLOCKWISE_FROM)
    return softmaxCrossEntropy(classifier.logits(), labels, { smoothing }, name).loss;
  const offsets = bias ?? fill(x.graph, { shape: [classes], value: 0 }, `${name}.noBias`);
  return classifierCrossEntropy({ x, w, bias: offsets, labels }, { smoothing }, name).loss;
}

/**
 * Mean of {@link classifierLosses}: the instance loss of one path (paper A, section 3.3). Returns a rank-0
 * value. Throws SHAPE or DTYPE for inputs of other types, ATTRIBUTE for smoothing outside [0, 1).
 */
export function classifierLoss(
  classifier: Classifier,
  labels: Value,
  smoothing: number,
  name: string,
): Value {
  return mean(classifierLosses(classifier, labels, smoothing, name), { axes: [0] }, `${name}.mean`);
}
