import type { Value } from "../graph/graph.js";
import { biasAdd, matmul } from "../ops/index.js";
import { weight, type BuildContext } from "./context.js";
import type { Initializer } from "./initializers.js";

/** Extents and first values of a linear layer. */
export interface LinearOptions {
  readonly outputs: number;
  readonly bias?: boolean;
  readonly initializer: Initializer;
}

/**
 * x f32 [N, in] times the transpose of `<name>.weight` [out, in], plus `<name>.bias` [out]; returns [N, out].
 * Throws SHAPE for x of another rank or a parameter that is known in another shape, DTYPE unless x is f32.
 */
export function linear(context: BuildContext, x: Value, name: string, options: LinearOptions): Value {
  const { outputs, initializer } = options;
  const w = weight(context, `${name}.weight`, [outputs, x.shape[1]!], initializer);
  const y = matmul(x, w, { transposeB: true }, name);
  if (!options.bias) return y;
  const zero = { kind: "constant", value: 0 } as const;
  return biasAdd(y, weight(context, `${name}.bias`, [outputs], zero), `${name}.biasAdd`);
}
