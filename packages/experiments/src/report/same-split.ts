import { ExperimentError } from "../errors.js";

/** Something measured, by the name it has in a table, and the split it was measured on. */
export interface MeasuredOn {
  readonly what: string;
  readonly split: string;
}

/** Seeds draw splits of one kind: repetitions, which may be averaged. */
const SPLIT_SEED = /\bsplit \d+/g;

/** A split's name without the seed that drew it. */
export const splitKind = (split: string): string => split.replaceAll(SPLIT_SEED, "split");

/** Throws SPLIT_MISMATCH, naming both, where two results were measured on different splits. */
export function requireSameSplit(results: readonly MeasuredOn[], nameOf: (split: string) => string): void {
  const [first] = results;
  const other = results.find(({ split }) => first !== undefined && nameOf(split) !== nameOf(first.split));
  if (first === undefined || other === undefined) return;
  const message =
    `'${first.what}' was measured on ${first.split}, '${other.what}' on ${other.split}: numbers of different ` +
    "splits do not compare. Give both the same corpus split and report.splits, or put them into sweeps of their own.";
  throw new ExperimentError("SPLIT_MISMATCH", message, { splits: [first.split, other.split] });
}
