import { describe, expect, it } from "vitest";
import { differentiate } from "../graph/differentiate.js";
import { evaluate } from "../graph/interpret.js";
import type { OpRow } from "../graph/op.js";
import { multiply } from "./arithmetic.js";
import { sum } from "./reduce.js";
import { opRegistry } from "./registry.js";
import { opCases } from "./testing/all-cases.js";
import { buildCase } from "./testing/build-case.js";
import type { OpCase } from "./testing/cases.js";
import { signed } from "./testing/numbers.js";

/** Step of the central difference: its error is of order step squared, the rounding's 1e-16 / step. */
const step = 1e-5;

/** Both errors above, with room for curvature. */
const tolerance = 1e-7;

const largestSample = 24;

interface Comparison {
  readonly analytic: readonly number[];
  readonly numeric: readonly number[];
}

/** Gradient of a random weighting of the first output, and its central differences at some elements. */
const compare = (op: OpRow, entry: OpCase, input: string): Comparison => {
  const { graph, inputs, outputs } = buildCase(op, entry);
  const y = outputs[0]!;
  const weights = graph.input("weights", y.shape);
  const loss = sum(multiply(y, weights));
  const [gradient] = differentiate(loss, [inputs[input]!]);
  const numbers: Record<string, Float64Array> = { weights: signed(...y.shape)("weights").data };
  for (const [name, { data }] of Object.entries(entry.inputs)) numbers[name] = data;
  const data = numbers[input]!;
  const positions = [...data.keys()].filter(
    (_, index) => index % Math.ceil(data.length / largestSample) === 0,
  );
  const lossAt = (position: number, change: number): number => {
    const moved = data.slice();
    moved[position]! += change;
    return evaluate([loss], { ...numbers, [input]: moved })[0]![0]!;
  };
  const [all] = evaluate([gradient!], numbers);
  return {
    analytic: positions.map((position) => all![position]!),
    numeric: positions.map((position) => (lossAt(position, step) - lossAt(position, -step)) / (2 * step)),
  };
};

const cases = [...opRegistry.values()].flatMap((op) =>
  (opCases[op.name] ?? []).flatMap((entry) => entry.gradients.map((input) => ({ op, entry, input }))),
);

describe("gradient rules", () => {
  it.each(cases.map((item) => [item.op.name, item.input, item.entry.title, item] as const))(
    "%s: gradient of %s equals central differences (%s)",
    (_name, _input, _title, { op, entry, input }) => {
      const { analytic, numeric } = compare(op, entry, input);
      const scale = Math.max(1, ...numeric.map(Math.abs));
      analytic.forEach((value, index) =>
        expect(Math.abs(value - numeric[index]!) / scale).toBeLessThan(tolerance),
      );
    },
  );

  it("every op with a gradient rule has a case that checks it", () => {
    const checked = new Set(cases.map(({ op }) => op.name));
    const ruled = [...opRegistry.values()].filter((op) => op.grad !== undefined).map((op) => op.name);
    expect(ruled.filter((name) => !checked.has(name))).toEqual(["cast"]);
  });
});
