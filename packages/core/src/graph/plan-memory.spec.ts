import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import { opRegistry } from "../ops/registry.js";
import { Graph } from "./graph.js";
import { evaluate } from "./interpret.js";
import { linearise, peakOf } from "./linearise.js";
import { makePlan } from "./make-plan.js";
import { formatMemory, planMemory } from "./plan-memory.js";
import { prune } from "./prune.js";
import { randomStep } from "./testing/random-graph.js";
import { boundaryNumbers, runPlan } from "./testing/run-plan.js";
import { reservedBytes, type Plan, type PlanValue } from "./types.js";

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

/** The passes reorder float64 sums. */
const reorderTolerance = 1e-9;

/** Room that best fit may lose to gaps, over the bytes alive at the worst moment. */
const gapAllowance = 1.15;

interface Lifetime {
  readonly value: PlanValue;
  readonly begin: number;
  readonly end: number;
  first: number;
  last: number;
}

/** Lifetimes read from the plan alone. */
const lifetimes = (plan: Plan): Map<number, Lifetime> => {
  const found = new Map<number, Lifetime>();
  plan.nodes.forEach(({ inputs, outputs }, index) => {
    for (const id of outputs) {
      const value = plan.values[id]!;
      if (value.place.kind !== "arena") continue;
      const begin = value.place.offset;
      found.set(id, { value, begin, end: begin + reservedBytes(value), first: index, last: index });
    }
    for (const id of inputs) if (found.has(id)) found.get(id)!.last = index;
  });
  for (const id of plan.taps) if (found.has(id)) found.get(id)!.last = plan.nodes.length;
  return found;
};

/** Whether the op at which both live may write one over the other. */
const isInPlace = (plan: Plan, ids: Map<number, Lifetime>, dying: Lifetime, born: Lifetime): boolean => {
  const node = plan.nodes[born.first]!;
  const allowed = (opRegistry.get(node.op)!.inPlace ?? []).map((position) => ids.get(node.inputs[position]!));
  return dying.last === born.first && ids.get(node.outputs[0]!) === born && allowed.includes(dying);
};

describe("planMemory", () => {
  it.each(seeds)("never lets two live values share a byte, but in place (random graph %i)", (seed) => {
    const { graph, taps, effects } = randomStep(seed, 4 + (seed % 20));
    const plan = makePlan(graph, { taps, effects });
    const ids = lifetimes(plan);
    const all = [...ids.values()];
    for (const a of all) {
      expect(a.end).toBeLessThanOrEqual(plan.arenaBytes);
      expect(a.begin % 64).toBe(0);
      for (const b of all) {
        if (a === b || a.begin >= b.end || b.begin >= a.end || a.first > b.first) continue;
        const apart = a.last < b.first;
        expect(apart || isInPlace(plan, ids, a, b), `${a.value.name} and ${b.value.name}`).toBe(true);
      }
    }
  });

  it.each(seeds)(
    "gives the numbers of separate buffers, and of the graph itself (random graph %i)",
    (seed) => {
      const { graph, taps, effects } = randomStep(seed, 4 + (seed % 20));
      const numbers = boundaryNumbers(graph);
      const plan = makePlan(graph, { taps, effects });
      const [inArena, separate] = [runPlan(plan, numbers, true), runPlan(plan, numbers, false)];
      expect(inArena.taps).toEqual(separate.taps);
      expect(inArena.store).toEqual(separate.store);
      const direct = evaluate([...taps, ...effects], numbers);
      const updated = effects.map(({ origin }) =>
        origin.kind === "node" ? inArena.store.get(origin.updated!.name)! : undefined,
      );
      const errors = [...inArena.taps, ...updated].map((result, index) =>
        result!.reduce((worst, value, at) => Math.max(worst, Math.abs(value - direct[index]![at]!)), 0),
      );
      expect(Math.max(...errors)).toBeLessThan(reorderTolerance);
    },
  );

  it("stays near the bytes that are alive at the worst moment", () => {
    const sizes = seeds.map((seed) => {
      const { graph, taps, effects } = randomStep(seed, 24);
      const order = linearise(prune(graph, [...taps, ...effects]), taps);
      return [planMemory(order, taps).arenaBytes, peakOf(order, taps).bytes] as const;
    });
    const [arena, peak] = [0, 1].map((k) => sizes.reduce((sum, size) => sum + size[k]!, 0));
    expect(arena! / peak!).toBeLessThan(gapAllowance);
  });

  it("reserves channels rounded up to 16, so that blocked layouts fit", () => {
    const graph = new Graph("g");
    const y = ops.relu(graph.input("x", [2, 3, 3, 20]), "y");
    expect(makePlan(graph, { taps: [y] }).arenaBytes).toBe(2 * 3 * 3 * 32 * 4);
  });

  it("keeps a tap apart from everything that runs after it", () => {
    const graph = new Graph("g");
    const early = ops.relu(graph.input("x", [16]), "early");
    const late = ops.exp(ops.square(early), "late");
    const { taps } = runPlan(makePlan(graph, { taps: [early, late] }), { x: new Float64Array(16).fill(2) });
    expect([taps[0]![0], taps[1]![0]]).toEqual([2, Math.exp(4)]);
  });

  it("overwrites an input in place at its last use", () => {
    const graph = new Graph("g");
    let x = ops.exp(graph.input("x", [16]));
    for (let index = 0; index < 5; index++) x = ops.relu(x);
    expect(makePlan(graph, { taps: [x] }).arenaBytes).toBe(64);
  });

  it("prints offsets and the arena's size", () => {
    const graph = new Graph("g");
    const y = ops.sum(ops.exp(graph.input("x", [20]), "e"), {}, "s");
    const printed = formatMemory(planMemory(prune(graph, [y]), [y]));
    expect(printed.split("\n")).toEqual(["offset\tbytes\tvalue", "0\t80\te", "128\t4\ts", "arena\t192"]);
  });
});
