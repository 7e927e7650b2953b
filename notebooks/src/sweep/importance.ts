import { average, regressionTree, type Features, type Predictor } from "./regression-tree.js";

/** How much of what differs in the outcome one hyper-parameter alone explains. */
export interface Importance {
  readonly name: string;
  /** Share of the variance, 0 to 1. */
  readonly share: number;
}

const TREES = 32;

/**
 * Functional analysis of variance over a random forest (Hutter, Hoos and Leyton-Brown 2014): the share of each
 * parameter's main effect in the forest's variance over the grid of all seen values, the largest first; what is left is
 * interaction. The main effect of a value is the forest's mean with that value set in every trial. Needs two trials or
 * more, one value per parameter each; a deterministic function of its input.
 */
export function importance(
  names: readonly string[],
  examples: readonly Features[],
  outcomes: readonly number[],
): Importance[] {
  const forest = randomForest(examples, outcomes);
  const total = variance(mixed(examples).map(forest));
  const shares = names.map((name, feature) => {
    const levels = examples.map((example) => example[feature]!);
    const effects = new Map(
      levels.map((level) => [
        level,
        average(examples.map((example) => forest(example.with(feature, level)))),
      ]),
    );
    const main = variance(levels.map((level) => effects.get(level)!));
    return { name, share: total > 0 ? Math.min(1, main / total) : 0 };
  });
  return shares.sort((one, other) => other.share - one.share);
}

function randomForest(examples: readonly Features[], outcomes: readonly number[]): Predictor {
  const random = generator(1);
  const trees = Array.from({ length: TREES }, () => {
    const rows = examples.map(() => Math.floor(random() * examples.length));
    return regressionTree(examples, outcomes, rows);
  });
  return (features) => average(trees.map((tree) => tree(features)));
}

const MIXES = 20;

/** Vectors whose features come from trials drawn one by one: parameters as if they were independent. */
function mixed(examples: readonly Features[]): Features[] {
  const random = generator(2);
  const drawn = (feature: number): number | string =>
    examples[Math.floor(random() * examples.length)]![feature]!;
  return Array.from({ length: MIXES * examples.length }, () =>
    examples[0]!.map((_, feature) => drawn(feature)),
  );
}

function variance(values: readonly number[]): number {
  const mean = average(values);
  return average(values.map((value) => (value - mean) ** 2));
}

/** Uniform numbers in [0, 1) from a linear congruential generator (Numerical Recipes' constants). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  next();
  return next;
}
