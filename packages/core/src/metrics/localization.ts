import { TrainingError } from "../train/errors.js";

/** One phrase mention with the candidate boxes of its image. */
export interface LocalizationQuery {
  /** Score of every candidate; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Intersection over union of every candidate with the phrase's (union) box. */
  readonly overlaps: ArrayLike<number>;
  /** Kinds of the phrase; it counts in the row of each. */
  readonly types: readonly string[];
}

/** Phrase localization of some mentions, in percent of them. */
export interface LocalizationSummary {
  readonly count: number;
  readonly r1: number;
  readonly r5: number;
  readonly r10: number;
  /** Mentions for which any candidate is right: no ranking can do better. */
  readonly oracle: number;
}

/** Recalls over all phrases and by type. */
export interface LocalizationResult {
  readonly all: LocalizationSummary;
  /** By type, in alphabetical order. */
  readonly types: Readonly<Record<string, LocalizationSummary>>;
}

/** Papers' rule: a box is right from this overlap on. */
export const RIGHT_OVERLAP = 0.5;

/**
 * Recall at 1, 5 and 10 candidates of all mentions and by type (paper B, Flickr30k Entities): a mention is found at K
 * when one of its K best candidates overlaps its box by at least `threshold`. Ties count against it, as in retrieval.
 * Throws EMBEDDING where scores and overlaps differ in number or a score is not finite.
 */
export function localization(
  queries: readonly LocalizationQuery[],
  threshold: number = RIGHT_OVERLAP,
): LocalizationResult {
  const ranks = queries.map((query, index) => rankOfRight(query, threshold, index));
  const named = [...new Set(queries.flatMap(({ types }) => types))].sort();
  const byType = named.map((type) => {
    const own = ranks.filter((_, index) => queries[index]!.types.includes(type));
    return [type, summarize(own)] as const;
  });
  return { all: summarize(ranks), types: Object.fromEntries(byType) };
}

/**
 * 1 + the wrong candidates that score as high as the best right one or higher; 0 where none is right. `index`
 * names the mention in messages. Throws EMBEDDING where scores and overlaps differ in number or a score is
 * not finite.
 */
export function rankOfRight(
  { scores, overlaps }: Pick<LocalizationQuery, "scores" | "overlaps">,
  threshold: number,
  index = 0,
): number {
  if (scores.length !== overlaps.length) {
    const message = `localization: mention ${index}: expected as many scores as overlaps, got ${scores.length} and ${overlaps.length}`;
    throw new TrainingError("EMBEDDING", message, { index });
  }
  let best = -Infinity;
  for (let box = 0; box < scores.length; box++) {
    if (!Number.isFinite(scores[box])) {
      const message = `localization: mention ${index}: candidate ${box} scores ${scores[box]}, expected a finite number`;
      throw new TrainingError("EMBEDDING", message, { index, box });
    }
    if (overlaps[box]! >= threshold) best = Math.max(best, scores[box]!);
  }
  if (best === -Infinity) return 0;
  let rank = 1;
  for (let box = 0; box < scores.length; box++)
    if (overlaps[box]! < threshold && scores[box]! >= best) rank++;
  return rank;
}

function summarize(ranks: readonly number[]): LocalizationSummary {
  const within = (most: number): number =>
    ranks.length === 0 ? 0 : (100 * ranks.filter((rank) => rank > 0 && rank <= most).length) / ranks.length;
  return { count: ranks.length, r1: within(1), r5: within(5), r10: within(10), oracle: within(Infinity) };
}
