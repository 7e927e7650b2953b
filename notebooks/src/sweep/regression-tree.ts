/** A feature vector: numbers are ordered, words are not. */
export type Features = readonly (number | string)[];

/** A function of feature vectors that a tree has learnt. */
export type Predictor = (features: Features) => number;

interface Split {
  readonly goesLeft: (features: Features) => boolean;
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly error: number;
}

/** A regression tree (CART): every split takes most from the squared error. `rows` may repeat examples. */
export function regressionTree(
  examples: readonly Features[],
  targets: readonly number[],
  rows: readonly number[],
): Predictor {
  const mean = average(rows.map((row) => targets[row]!));
  const best = bestSplit(examples, targets, rows);
  if (best === undefined || best.error >= squaredError(rows, targets) - 1e-12) return () => mean;
  const left = regressionTree(examples, targets, best.left);
  const right = regressionTree(examples, targets, best.right);
  return (features) => (best.goesLeft(features) ? left(features) : right(features));
}

function bestSplit(
  examples: readonly Features[],
  targets: readonly number[],
  rows: readonly number[],
): Split | undefined {
  const width = examples[0]?.length ?? 0;
  let best: Split | undefined;
  for (let feature = 0; feature < width; feature++) {
    for (const goesLeft of questions(
      feature,
      rows.map((row) => examples[row]![feature]!),
    )) {
      const left = rows.filter((row) => goesLeft(examples[row]!));
      const right = rows.filter((row) => !goesLeft(examples[row]!));
      const error = squaredError(left, targets) + squaredError(right, targets);
      if (best === undefined || error < best.error) best = { goesLeft, left, right, error };
    }
  }
  return best;
}

/** Thresholds between neighbouring numbers, or one word against all others. */
function questions(
  feature: number,
  values: readonly (number | string)[],
): ((features: Features) => boolean)[] {
  const levels = [...new Set(values)];
  if (levels.some((level) => typeof level === "string"))
    return levels.length < 2 ? [] : levels.map((level) => (features) => features[feature] === level);
  const sorted = levels.map(Number).sort((one, other) => one - other);
  return sorted.slice(1).map((value, index) => {
    const threshold = (value + sorted[index]!) / 2;
    return (features) => Number(features[feature]) <= threshold;
  });
}

export const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function squaredError(rows: readonly number[], targets: readonly number[]): number {
  const mean = average(rows.map((row) => targets[row]!));
  return rows.reduce((sum, row) => sum + (targets[row]! - mean) ** 2, 0);
}
