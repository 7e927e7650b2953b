import { readJournal } from "../process/journal.js";
import { requireSameSplit } from "../report/same-split.js";
import type { Claim } from "../space/schema.js";
import type { SweepDirectory } from "../sweep/directory.js";
import { replay, sweepEntrySchema, type PlannedTrial } from "../sweep/journal.js";
import { readResult, type ResultRow } from "../trial/result.js";
import { overall, spreadOf, verdictOf, type Spread, type Verdict } from "./statistics.js";

/** A finished trial: the last stage on the split that the report names first. */
export interface Repetition {
  /** Values of all other coordinates: what pairs it with the repetitions of other values. */
  readonly key: string;
  readonly row: ResultRow;
  readonly seconds: number;
}

/** One value of the claim's coordinate with its repetitions. */
export interface Arm {
  readonly name: string;
  readonly repetitions: readonly Repetition[];
}

/** Two arms of which the claim says that the first one is better: sums of the six recalls, seed by seed. */
export interface Comparison {
  readonly better: string;
  readonly worse: string;
  readonly difference: Spread;
  readonly verdict: Verdict;
}

/** What a sweep says about its claim so far. */
export interface Evidence {
  readonly claim: Claim;
  readonly planned: number;
  readonly finished: number;
  readonly arms: readonly Arm[];
  readonly comparisons: readonly Comparison[];
  /** Undefined as long as a comparison has no pair. */
  readonly verdict: Verdict | undefined;
}

/** Sum of R@1, R@5 and R@10 in both directions. */
export const recallSum = ({ imageToText: a, textToImage: b }: ResultRow): number =>
  a.r1 + a.r5 + a.r10 + b.r1 + b.r5 + b.r10;

/**
 * Reads the finished trials of a claim's sweep. Throws SPLIT_MISMATCH where trials that the claim compares were
 * measured on different splits.
 */
export function readEvidence(directory: SweepDirectory, claim: Claim): Evidence {
  const { planned } = replay(readJournal(directory.journal, sweepEntrySchema));
  const arms = [...new Set(claim.pairs.flat())].map((name) => ({
    name,
    repetitions: planned
      .filter(({ point }) => inWords(point[claim.coordinate]) === name)
      .flatMap((trial) => repetitionOf(directory, trial, claim)),
  }));
  const armOf = (name: string): Arm => arms.find((arm) => arm.name === name)!;
  const comparisons = claim.pairs.flatMap(([better, worse]) => compared(armOf(better), armOf(worse)));
  const complete = comparisons.length === claim.pairs.length;
  return {
    claim,
    planned: planned.length,
    finished: arms.reduce((sum, { repetitions }) => sum + repetitions.length, 0),
    arms,
    comparisons,
    verdict: complete ? overall(comparisons.map(({ verdict }) => verdict)) : undefined,
  };
}

const inWords = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function repetitionOf(directory: SweepDirectory, { id, point }: PlannedTrial, claim: Claim): Repetition[] {
  const result = readResult(directory.trial(id).result);
  const last = result?.rows.at(-1)?.name;
  const row = result?.rows.find(({ name }) => name === last);
  if (result === undefined || row === undefined) return [];
  const others = Object.entries(point).filter(([coordinate]) => coordinate !== claim.coordinate);
  const key = others.map(([coordinate, value]) => `${coordinate} ${inWords(value)}`).join(", ");
  return [{ key, row, seconds: result.seconds }];
}

function compared(better: Arm, worse: Arm): Comparison[] {
  const differences = better.repetitions.flatMap((one) => {
    const other = worse.repetitions.find(({ key }) => key === one.key);
    if (other === undefined) return [];
    const named = (arm: Arm, { key, row }: Repetition) => ({
      what: key === "" ? arm.name : `${arm.name}, ${key}`,
      split: row.split,
    });
    requireSameSplit([named(better, one), named(worse, other)], "same");
    return [recallSum(one.row) - recallSum(other.row)];
  });
  if (differences.length === 0) return [];
  const difference = spreadOf(differences);
  return [{ better: better.name, worse: worse.name, difference, verdict: verdictOf(difference) }];
}
