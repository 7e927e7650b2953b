import { GraphError } from "../errors.js";
import { fuse } from "./fuse.js";
import { gather } from "./gather.js";
import type { Graph, GraphNode, Value } from "./graph.js";
import { linearise } from "./linearise.js";
import { narrow } from "./narrow.js";
import { planMemory, type MemoryPlan } from "./plan-memory.js";
import type { Precision } from "./precision.js";
import { prune } from "./prune.js";
import { recompute, type RecomputeLimits } from "./recompute.js";
import type { Plan, PlanValue } from "./types.js";
import { isArenaValue, storageOf } from "./uses.js";

/** What a plan must compute. */
export interface PlanRequest {
  /** Values copied out after every step; a tap of a store value is read after all effects. */
  readonly taps: readonly Value[];
  /** Outputs of effects (optimizers, moving averages) that must happen. */
  readonly effects?: readonly Value[];
  /** Default: the graph's name. */
  readonly name?: string;
  /** Whether chains become fused ops, and updates by one rule one (default true). */
  readonly fusion?: boolean;
  /** How products are computed, and what flows between them (default f32). */
  readonly precision?: Precision;
  /** From what sizes on activations are computed twice (with fusion). */
  readonly recompute?: RecomputeLimits;
}

/**
 * The plan of what is asked for: prune -> fuse -> narrow -> gather -> recompute -> linearise -> plan memory
 * -> emit. Throws PLAN_INVALID for a value of another graph, a tap that is a feed or a scalar, an effect that
 * updates nothing, two effects on one value, and effects that contradict each other's order.
 */
export const makePlan = (
  graph: Graph,
  { taps, effects = [], name = graph.name, fusion = true, precision = "f32", recompute: limits }: PlanRequest,
): Plan => {
  checkRequest(graph, taps, effects);
  const needed = prune(graph, [...taps, ...effects]);
  const lowered = narrow(fusion ? fuse(needed, taps) : needed, taps, precision);
  const complete = fusion ? recompute(gather(lowered), taps, limits) : lowered;
  const order = linearise(complete, taps);
  return emit(name, graph, order, taps, planMemory(order, taps));
};

/** Writes nodes in order, with their values' places, as the plan that the native side reads. */
export const emit = (
  name: string,
  graph: Graph,
  order: readonly GraphNode[],
  taps: readonly Value[],
  memory: MemoryPlan,
): Plan => {
  const scalars: { name: string; dtype: "f32" | "u32" }[] = [];
  const feeds: number[] = [];
  const values: PlanValue[] = [];
  const ids = new Map<Value, number>();
  const used = new Set(
    order
      .flatMap((node) => [...node.inputs, ...node.outputs])
      .concat(taps)
      .map(storageOf),
  );
  const addValue = (value: Value): void => {
    const { kind } = value.origin;
    ids.set(value, values.length);
    if (kind === "feed") feeds.push(values.length);
    if (kind === "scalar") scalars.push({ name: value.name, dtype: value.dtype === "u32" ? "u32" : "f32" });
    const place: PlanValue["place"] =
      kind === "node"
        ? { kind: "arena", offset: memory.offsets.get(value) ?? 0 }
        : kind === "scalar"
          ? { kind, index: scalars.length - 1 }
          : { kind };
    values.push({ name: value.name, shape: value.shape, dtype: value.dtype, place });
  };
  graph.boundary.filter((value) => used.has(value)).forEach(addValue);
  order.forEach((node) => node.outputs.filter(isArenaValue).forEach(addValue));
  const idOf = (value: Value): number => ids.get(storageOf(value)) as number;
  const nodes = order.map(({ op, name, inputs, outputs, attrs }) => ({
    op: op.name,
    name,
    inputs: inputs.map(idOf),
    outputs: outputs.map(idOf),
    attrs,
  }));
  return {
    version: 1,
    name,
    values,
    nodes,
    feeds,
    scalars,
    taps: taps.map(idOf),
    arenaBytes: memory.arenaBytes,
  };
};

const checkRequest = (graph: Graph, taps: readonly Value[], effects: readonly Value[]): void => {
  const complain = (value: Value, what: string, expected: string, got: string): never => {
    throw new GraphError("PLAN_INVALID", { op: "plan", node: value.name, what, expected, got });
  };
  for (const value of [...taps, ...effects])
    if (value.graph !== graph) complain(value, "graph", `'${graph.name}'`, `'${value.graph.name}'`);
  for (const tap of taps)
    if (tap.origin.kind === "feed" || tap.origin.kind === "scalar")
      complain(tap, "tap", "a computed or stored value", `a ${tap.origin.kind}`);
  for (const effect of effects)
    if (storageOf(effect) === effect)
      complain(effect, "effect", "an output of an op that updates the store", "none");
};
