import { matchesAny } from "./glob.js";
import type { OptimizerConfig, ParameterGroup } from "./schema.js";

/** What the optimizer does to one parameter. */
export interface ParameterRule {
  readonly multiplier: number;
  readonly weightDecay: number;
}

const patterns = ({ match }: ParameterGroup): readonly string[] =>
  typeof match === "string" ? [match] : match;

/**
 * The rule for a parameter of a given rank: that of the last matching group, else multiplier 1 and the optimizer's
 * decay, which may spare vectors.
 */
export function ruleFor(
  { name, shape }: { readonly name: string; readonly shape: readonly number[] },
  groups: readonly ParameterGroup[],
  optimizer: OptimizerConfig,
): ParameterRule {
  const group = groups.findLast((candidate) => matchesAny(patterns(candidate), name));
  const decays = optimizer.decays === "all" || shape.length > 1;
  return {
    multiplier: group?.multiplier ?? 1,
    weightDecay: group?.weightDecay ?? (decays ? optimizer.weightDecay : 0),
  };
}

/** Globs of groups that match none of the names: a likely misspelling. */
export function unmatchedGroups(
  groups: readonly ParameterGroup[],
  names: readonly string[],
): readonly string[] {
  const unmatched = (pattern: string): boolean => !names.some((name) => matchesAny([pattern], name));
  return groups.flatMap(patterns).filter(unmatched);
}
