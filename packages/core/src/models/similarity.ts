import type { Value } from "../graph/graph.js";
import type { BuildContext } from "../layers/context.js";
import { weightInitializer } from "../layers/initializers.js";
import { linear } from "../layers/linear.js";
import { affine, multiply, relu, reshape } from "../ops/index.js";
import type { SimilarityConfig } from "./schema.js";

/**
 * The similarity network of paper B's journal version (Wang et al. 2018, section 3.3): the element-wise product of two
 * unit vectors goes through fully connected layers to one number. Every row of a [N, D] meets every row of b [M, D];
 * returns scores [N, M]. Products of unit vectors shrink with D and are given back their size first.
 */
export function pairScores(
  context: BuildContext,
  a: Value,
  b: Value,
  name: string,
  { hidden, initializer: rule }: SimilarityConfig,
): Value {
  const [rows, dimension] = a.shape as [number, number];
  const columns = b.shape[0]!;
  const left = reshape(a, { shape: [rows, 1, dimension] });
  const right = reshape(b, { shape: [1, columns, dimension] });
  const product = affine(multiply(left, right, `${name}.product`), { multiply: dimension });
  const pairs = reshape(product, { shape: [rows * columns, dimension] }, `${name}.pairs`);
  const initializer = weightInitializer(rule);
  const last = hidden.reduce((x, outputs, index) => {
    const y = linear(context, x, `${name}.fc${index + 1}`, { outputs, bias: true, initializer });
    return relu(y, `${name}.relu${index + 1}`);
  }, pairs);
  const options = { outputs: 1, bias: true, initializer };
  const score = linear(context, last, `${name}.fc${hidden.length + 1}`, options);
  return reshape(score, { shape: [rows, columns] }, `${name}.scores`);
}
