import { GraphError } from "../errors.js";
import type { Plan } from "../graph/types.js";

const wordBytes = 4;
const largestWord = 0xffffffff;

/** Packs the scalars of a step as 4-byte words in the plan's order. Throws FEED when one is missing, unknown or unfit. */
export const packScalars = (plan: Plan, scalars: Readonly<Record<string, number>>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(plan.scalars.length * wordBytes));
  plan.scalars.forEach(({ name, dtype }, index) => {
    const value = scalars[name];
    if (typeof value !== "number") throw scalarError(plan, name, "a number", String(value));
    const whole = Number.isInteger(value) && value >= 0 && value <= largestWord;
    if (dtype === "u32" && !whole)
      throw scalarError(plan, name, "an integer from 0 to 4294967295", String(value));
    if (dtype === "u32") view.setUint32(index * wordBytes, value, true);
    else view.setFloat32(index * wordBytes, value, true);
  });
  return new Uint8Array(view.buffer);
};

/** The numbers back from the words. */
export const unpackScalars = (plan: Plan, words: Uint8Array): number[] => {
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  return plan.scalars.map(({ dtype }, index) =>
    dtype === "u32" ? view.getUint32(index * wordBytes, true) : view.getFloat32(index * wordBytes, true),
  );
};

const scalarError = (plan: Plan, name: string, expected: string, got: string): GraphError =>
  new GraphError("FEED", { op: "step", node: plan.name, what: `scalar '${name}'`, expected, got });
