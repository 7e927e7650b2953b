import type { Value } from "../graph/graph.js";
import { dropout } from "../ops/index.js";
import type { BuildContext } from "./context.js";

/** Names of the scalars that every training step feeds for its random numbers. */
export const SEED_SCALAR = "seed";
export const STEP_SCALAR = "step";

/**
 * Inverted dropout (Srivastava et al. 2014) in training; the identity in evaluation and at rate 0. The mask's
 * stream is a hash of the name. Throws DTYPE unless x is f32 or bf16, ATTRIBUTE for a rate outside [0, 1),
 * NAME where `seed` or `step` is taken by what is no u32 scalar.
 */
export function dropoutLayer(context: BuildContext, x: Value, name: string, rate: number): Value {
  if (context.mode === "evaluate" || rate === 0) return x;
  const seed = context.graph.scalar(SEED_SCALAR, "u32");
  const step = context.graph.scalar(STEP_SCALAR, "u32");
  return dropout(x, seed, step, { rate }, name);
}
