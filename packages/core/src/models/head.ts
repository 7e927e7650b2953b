import type { Value } from "../graph/graph.js";
import { batchNormalization } from "../layers/batch-norm.js";
import type { BuildContext } from "../layers/context.js";
import { dropoutLayer } from "../layers/dropout.js";
import { weightInitializer } from "../layers/initializers.js";
import { linear } from "../layers/linear.js";
import { relu } from "../ops/index.js";
import type { HeadConfig } from "./schema.js";

export interface HeadOptions {
  readonly config: HeadConfig;
  /** Width of the hidden layer in front of the last layer; 0: none. */
  readonly hidden: number;
  /** Dimensions of the shared space. */
  readonly outputs: number;
  /** Which side of the last ReLU is returned; without a last ReLU both are the same. */
  readonly side: "pre-relu" | "post-relu";
}

/** From a path's pooled feature [N, F] to the shared space [N, outputs], before dropout. */
export function head(context: BuildContext, feature: Value, name: string, options: HeadOptions): Value {
  const { config, hidden, outputs, side } = options;
  const y = hidden > 0 ? hiddenLayer(context, feature, name, hidden, config) : feature;
  const index = hidden > 0 ? 2 : 1;
  if (config.output === "linear")
    return fullyConnected(context, y, `${name}.fc${index}`, outputs, config, true);
  const active = config.output === "batch-norm-relu" && side === "post-relu";
  return layer(context, y, name, index, outputs, config, active);
}

function hiddenLayer(
  context: BuildContext,
  x: Value,
  name: string,
  width: number,
  config: HeadConfig,
): Value {
  const y =
    config.hidden === "relu"
      ? relu(fullyConnected(context, x, `${name}.fc1`, width, config, true), `${name}.relu1`)
      : layer(context, x, name, 1, width, config, true);
  return dropoutLayer(context, y, `${name}.dropout`, config.hiddenDropout);
}

function fullyConnected(
  context: BuildContext,
  x: Value,
  name: string,
  outputs: number,
  config: HeadConfig,
  bias: boolean,
): Value {
  return linear(context, x, name, { outputs, bias, initializer: weightInitializer(config.initializer) });
}

function layer(
  context: BuildContext,
  x: Value,
  name: string,
  index: number,
  outputs: number,
  config: HeadConfig,
  active: boolean,
): Value {
  const y = fullyConnected(context, x, `${name}.fc${index}`, outputs, config, false);
  const activation = active ? "relu" : "none";
  return batchNormalization(context, y, `${name}.bn${index}`, { ...config.batchNorm, activation });
}
