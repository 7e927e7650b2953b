import type { Graph } from "../graph.js";
import { interpretPlan } from "../interpret.js";
import { hashName, uniform01 } from "../philox.js";
import { elementCount, type Plan } from "../types.js";

/** Numbers for all feeds, parameters and scalars of a graph, the same for the same names. */
export const boundaryNumbers = (graph: Graph): Record<string, Float64Array> =>
  Object.fromEntries(
    graph.boundary.map(({ name, shape, dtype, origin }) => {
      const uniform = uniform01(7, hashName(name), 0, elementCount(shape));
      const fixed = dtype === "u32" ? 3 : 0.05;
      return [name, Float64Array.from(uniform, (u) => (origin.kind === "scalar" ? fixed : u - 0.4))];
    }),
  );

export interface PlanResult {
  readonly taps: readonly Float64Array[];
  readonly store: ReadonlyMap<string, Float64Array>;
}

/** One step of a plan by the interpreter; `arena` as in `interpretPlan`. */
export const runPlan = (
  plan: Plan,
  numbers: Readonly<Record<string, Float64Array>>,
  arena = true,
): PlanResult => {
  const stored = plan.values.filter(({ place }) => place.kind === "store");
  const store = new Map(stored.map(({ name }) => [name, numbers[name]!.slice()]));
  const feeds = plan.feeds.map((id) => numbers[plan.values[id]!.name]!);
  const scalars = plan.scalars.map(({ name }) => numbers[name]![0]!);
  return { taps: interpretPlan(plan, { feeds, scalars, store }, arena), store };
};
