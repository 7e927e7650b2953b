import type { PrunerConfig } from "../space/schema.js";

/** The metric that a pruner watches, one value an evaluation, of one trial. */
export type History = readonly number[];

/** What to stop early. */
export interface Pruner {
  /** The evaluation metric it looks at; undefined when it never stops anything. */
  readonly metric?: string;
  readonly shouldStop: (trial: History, others: readonly History[]) => boolean;
}

export const prunerOf = (config: PrunerConfig): Pruner =>
  config.kind === "none" ? { shouldStop: () => false } : medianPruner(config);

/**
 * Stops a trial whose best value so far is worse than the median of what the others had at the same evaluation
 * (Golovin et al. 2017, section 3.2.2, with best values in place of running means).
 */
export function medianPruner(config: Extract<PrunerConfig, { kind: "median" }>): Pruner {
  const sign = config.direction === "maximize" ? 1 : -1;
  const best = (history: History): number => Math.max(...history.map((value) => sign * value));
  return {
    metric: config.metric,
    shouldStop: (trial, others) => {
      if (trial.length <= config.warmup) return false;
      const peers = others
        .filter((other) => other.length >= trial.length)
        .map((other) => other.slice(0, trial.length));
      return peers.length >= config.minimumTrials && best(trial) < median(peers.map(best));
    },
  };
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
