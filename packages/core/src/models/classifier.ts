import type { Value } from "../graph/graph.js";
import { weight, type BuildContext } from "../layers/context.js";
import type { Initializer } from "../layers/initializers.js";
import { linear } from "../layers/linear.js";
import { affine, l2Normalize, matmul } from "../ops/index.js";
import type { ClassifierConfig } from "./schema.js";

/** Below the square of any norm that matters; keeps the direction of a zero vector finite. */
export const NORM_EPSILON = 1e-8;

function initializerOf({ gain, deviation }: ClassifierConfig): Initializer {
  return deviation === undefined ? { kind: "fan-in-uniform", gain } : { kind: "normal", deviation };
}

/**
 * The shared classifier W_share: logits [N, classes] of a path's feature [N, D] with `<name>.weight`
 * [classes, D]. Both paths call it with the same name and so share it.
 */
export function classifier(
  context: BuildContext,
  feature: Value,
  name: string,
  config: ClassifierConfig,
  classes: number,
): Value {
  const initializer = initializerOf(config);
  if (!config.normalized)
    return linear(context, feature, name, { outputs: classes, bias: config.bias, initializer });
  const centres = weight(context, `${name}.weight`, [classes, feature.shape[1]!], initializer);
  const directions = l2Normalize(centres, { epsilon: NORM_EPSILON }, `${name}.centres`).y;
  const { y: direction } = l2Normalize(feature, { epsilon: NORM_EPSILON }, `${name}.feature`);
  const cosine = matmul(direction, directions, { transposeB: true }, `${name}.cosine`);
  return affine(cosine, { multiply: config.normalized.scale, add: 0 }, `${name}.logits`);
}
