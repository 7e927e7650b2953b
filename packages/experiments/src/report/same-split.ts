import type { PublishedRow } from "../config/experiment.js";
import { ExperimentError } from "../errors.js";

/** Something measured, by the name it has in a table, and the split it is measured on. */
export interface MeasuredOn {
  readonly what: string;
  readonly split: string;
}

/**
 * Seeds draw splits of one kind ("emoji P1, split 0", "mscoco-random-seed1"): repetitions, which may be averaged. The draw
 * of a paper's authors ("mscoco-random-authors"), whose members no seed gives here, is one more of them.
 */
const SPLIT_SEED = /\b(?:splits? \d+(?:, \d+)*|seed\d+|(?<=random-)authors\b)/g;

/** A split's name without the seed that drew it, or with other words in its place. */
export const splitKind = (split: string, instead = "split"): string => split.replaceAll(SPLIT_SEED, instead);

const TRIALS_REMEDY =
  "Give both the same corpus split and report.splits, or put them into sweeps of their own.";

/**
 * Throws SPLIT_MISMATCH, naming both, where two results were measured on different splits; `seeds: "any"` lets splits
 * pass that were drawn by the same rule with different seeds.
 */
export function requireSameSplit(
  results: readonly MeasuredOn[],
  seeds: "same" | "any",
  remedy = TRIALS_REMEDY,
): void {
  const nameOf = (split: string): string => (seeds === "any" ? splitKind(split) : split);
  const [first] = results;
  const other = results.find(({ split }) => first !== undefined && nameOf(split) !== nameOf(first.split));
  if (first === undefined || other === undefined) return;
  const message =
    `'${first.what}' is measured on ${first.split}, '${other.what}' on ${other.split}: numbers of different ` +
    `splits do not compare. ${remedy}`;
  throw new ExperimentError("SPLIT_MISMATCH", message, { splits: [first.split, other.split] });
}

/**
 * Throws SPLIT_MISMATCH for a paper's row that has measured ones of its stage to be compared with, but none on its split.
 */
export function requirePublishedSplits(
  published: readonly Pick<PublishedRow, "name" | "split" | "source">[],
  measured: readonly MeasuredOn[],
): void {
  for (const { name, split, source } of published) {
    const own = measured.filter(({ what }) => what === name);
    if (own.some((row) => splitKind(row.split) === splitKind(split))) continue;
    const paper = { what: `${name} (${source})`, split };
    requireSameSplit(
      [...own.slice(0, 1), paper],
      "any",
      "Measure on the paper's split, or leave its row out.",
    );
  }
}
