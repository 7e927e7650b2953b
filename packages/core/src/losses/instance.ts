import type { Value } from "../graph/graph.js";
import { mean, softmaxCrossEntropy } from "../ops/index.js";

/**
 * Instance loss of one path: mean over the batch of -log softmax(logits)[label]. logits [N, classes],
 * labels i32 [N]; rows with label -1 add nothing but count in the mean. Returns a rank-0 value.
 */
export function instanceLoss(logits: Value, labels: Value, smoothing: number, name: string): Value {
  const { loss } = softmaxCrossEntropy(logits, labels, { smoothing }, name);
  return mean(loss, { axes: [0] }, `${name}.mean`);
}
