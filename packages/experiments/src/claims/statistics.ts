/** Mean and sample standard deviation of repetitions; the deviation of a single one is not known. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | undefined;
  readonly count: number;
}

/** Mean and deviation of one number or more. */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, deviation: undefined, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}

/** What repetitions say about "one is better than the other". */
export type Verdict = "holds" | "open" | "fails";

/** Standard errors that a mean difference must exceed to count in either direction. */
export const STANDARD_ERRORS = 2;

/** Judges paired differences (better minus worse): beyond two standard errors of their mean, or open. */
export function verdictOf(differences: Spread): Verdict {
  const { mean, deviation, count } = differences;
  if (deviation === undefined) return "open";
  const bound = (STANDARD_ERRORS * deviation) / Math.sqrt(count);
  if (mean > bound) return "holds";
  return mean < -bound ? "fails" : "open";
}

/** The verdict on several comparisons that all have to hold. */
export function overall(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("fails")) return "fails";
  return verdicts.includes("open") ? "open" : "holds";
}
