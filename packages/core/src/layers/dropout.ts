import type { Value } from "../graph/graph.js";
import { dropout } from "../ops/index.js";
import type { BuildContext } from "./context.js";

/** Names of the scalars that every training step feeds for its random numbers. */
export const SEED_SCALAR = "seed";
export const STEP_SCALAR = "step";

/** Inverted dropout in training; the identity in evaluation and at rate 0. The mask's stream is a hash of the name. */
export function dropoutLayer(context: BuildContext, x: Value, name: string, rate: number): Value {
  if (context.mode === "evaluate" || rate === 0) return x;
  const seed = context.graph.scalar(SEED_SCALAR, "u32");
  const step = context.graph.scalar(STEP_SCALAR, "u32");
  return dropout(x, seed, step, { rate }, name);
}
