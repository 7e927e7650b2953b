import { matchesAny } from "./glob.js";
import type { OptimizerConfig, ParameterGroup } from "./schema.js";

/** What the optimizer does to one parameter. */
export interface ParameterRule {
  readonly multiplier: number;
  readonly weightDecay: number;
}

const patterns = ({ match }: ParameterGroup): readonly string[] => (typeof match === "string" ? [match] : match);

/** The rule for a parameter: that of the last matching group, else multiplier 1 and the optimizer's decay. */
export function ruleFor(
  name: string,
  groups: readonly ParameterGroup[],
  optimizer: OptimizerConfig,
): ParameterRule {
  const group = groups.findLast((candidate) => matchesAny(patterns(candidate), name));
  return {
    multiplier: group?.multiplier ?? 1,
    weightDecay: group?.weightDecay ?? optimizer.weightDecay,
  };
}

/** Globs of groups that match none of the names: a likely misspelling. */
export function unmatchedGroups(groups: readonly ParameterGroup[], names: readonly string[]): readonly string[] {
  const unmatched = (pattern: string): boolean => !names.some((name) => matchesAny([pattern], name));
  return groups.flatMap(patterns).filter(unmatched);
}
