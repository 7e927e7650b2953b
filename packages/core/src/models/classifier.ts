import type { Value } from "../graph/graph.js";
import { weight, type BuildContext, type ParameterDeclaration } from "../layers/context.js";
import type { Initializer } from "../layers/initializers.js";
import type { Classifier } from "../losses/instance.js";
import { affine, biasAdd, l2Normalize, matmul } from "../ops/index.js";
import type { ClassifierConfig } from "./schema.js";

/** Below the square of any norm that matters; keeps the direction of a zero vector finite. */
export const NORM_EPSILON = 1e-8;

function initializerOf({ gain, deviation }: ClassifierConfig): Initializer {
  return deviation === undefined ? { kind: "fan-in-uniform", gain } : { kind: "normal", deviation };
}

/** Feed of a sampled classifier's graph: the centres of the step's classes [sampled, D]. */
export const SAMPLED_CENTRES = "classifier.sampled";

/** The matrix of the shared classifier [classes, D], wherever it lies. */
export const centresDeclaration = (
  name: string,
  config: ClassifierConfig,
  shape: readonly [number, number],
): ParameterDeclaration => ({
  name: `${name}.weight`,
  shape,
  initializer: initializerOf(config),
  kind: "weight",
});

function centresOf(
  context: BuildContext,
  name: string,
  config: ClassifierConfig,
  shape: readonly [number, number],
): Value {
  const { sampled } = config;
  if (sampled === undefined) return context.parameter(centresDeclaration(name, config, shape));
  const [classes, dimension] = shape;
  return context.graph.input(SAMPLED_CENTRES, [Math.min(sampled, classes), dimension]);
}

/**
 * The shared classifier W_share at features [N, D], with `<name>.weight` [classes, D]. Of a sampled one `w` holds the
 * step's classes only, and labels are places among them.
 */
export function classifier(
  context: BuildContext,
  feature: Value,
  name: string,
  config: ClassifierConfig,
  classes: number,
): Classifier {
  const w = centresOf(context, name, config, [classes, feature.shape[1]!]);
  if (config.normalized) return cosineClassifier(feature, w, name, config.normalized.scale);
  const zero = { kind: "constant", value: 0 } as const;
  const product = (): Value => matmul(feature, w, { transposeB: true }, name);
  if (!config.bias) return { x: feature, w, logits: product };
  const bias = weight(context, `${name}.bias`, [classes], zero);
  return { x: feature, w, bias, logits: () => biasAdd(product(), bias, `${name}.biasAdd`) };
}

/** Logits are the cosines of features and centres, times the scale. */
function cosineClassifier(feature: Value, centres: Value, name: string, multiply: number): Classifier {
  const w = l2Normalize(centres, { epsilon: NORM_EPSILON }, `${name}.centres`).y;
  const { y: direction } = l2Normalize(feature, { epsilon: NORM_EPSILON }, `${name}.feature`);
  const x = affine(direction, { multiply, add: 0 }, `${name}.scaled`);
  return { x, w, logits: () => matmul(x, w, { transposeB: true }, `${name}.logits`) };
}
