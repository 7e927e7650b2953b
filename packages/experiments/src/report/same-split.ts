import { ExperimentError } from "../errors.js";

/** Something measured, by the name it has in a table, and the split it is measured on. */
export interface MeasuredOn {
  readonly what: string;
  readonly split: string;
}

/** Seeds draw splits of one kind ("emoji P1, split 0", "mscoco-random-seed1"): repetitions, which may be averaged. */
const SPLIT_SEED = /\b(?:split |seed)\d+/g;

/** A split's name without the seed that drew it, or with other words in its place. */
export const splitKind = (split: string, instead = "split"): string => split.replaceAll(SPLIT_SEED, instead);

/**
 * Throws SPLIT_MISMATCH, naming both, where two results were measured on different splits; `seeds: "any"` lets splits
 * pass that were drawn by the same rule with different seeds.
 */
export function requireSameSplit(results: readonly MeasuredOn[], seeds: "same" | "any"): void {
  const nameOf = (split: string): string => (seeds === "any" ? splitKind(split) : split);
  const [first] = results;
  const other = results.find(({ split }) => first !== undefined && nameOf(split) !== nameOf(first.split));
  if (first === undefined || other === undefined) return;
  const message =
    `'${first.what}' is measured on ${first.split}, '${other.what}' on ${other.split}: numbers of different ` +
    "splits do not compare. Give both the same corpus split and report.splits, or put them into sweeps of their own.";
  throw new ExperimentError("SPLIT_MISMATCH", message, { splits: [first.split, other.split] });
}
