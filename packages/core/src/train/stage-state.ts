import type { Store } from "../engine/store.js";
import { elementCount } from "../graph/types.js";
import { initialValue } from "../layers/initializers.js";
import type { DualPath } from "../models/dual-path.js";
import { averageKey } from "../optim/update.js";
import type { KeyOf } from "./run-files.js";
import type { StageGraph } from "./stage-graph.js";

/** Optimizer state of zeros, and averages that start at the present values. */
export async function writeInitialState(store: Store, { optimizer, averages }: StageGraph): Promise<void> {
  for (const { name, shape, initializer } of optimizer.slots) {
    await store.write(name, shape, "f32", initialValue(initializer, shape, 0, name));
  }
  for (const [key, name] of averages) {
    const { shape, dtype, data } = await store.read(name);
    await store.write(key, shape, dtype, data);
  }
}

/** The end of a stage: averages become the parameters, and the optimizer's state goes. */
export async function settleState(store: Store, { optimizer, averages }: StageGraph): Promise<void> {
  for (const [key, name] of averages) {
    const { shape, dtype, data } = await store.read(key);
    await store.write(name, shape, dtype, data);
    await store.remove(key);
  }
  for (const { name } of optimizer.slots) await store.remove(name);
}

/** Where a parameter is measured and kept from: its average where the stage has one, else itself. */
export function evaluatedKey({ averages }: StageGraph): KeyOf {
  return (name) => (averages.has(averageKey(name)) ? averageKey(name) : name);
}

/** Elements of all parameters that the stage learns. */
export function learntElements({ learnt }: StageGraph, { parameters, centres }: DualPath): number {
  const chosen = new Set(learnt);
  return [...parameters, ...(centres ? [centres] : [])]
    .filter(({ name }) => chosen.has(name))
    .reduce((total, { shape }) => total + elementCount(shape), 0);
}
