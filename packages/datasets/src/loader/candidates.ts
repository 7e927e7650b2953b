import { DatasetError } from "../errors.js";
import type { RandomStream } from "./random.js";

/** Draws allowed for one batch of candidates, as a multiple of their number. */
export const CANDIDATE_DRAWS = 8;

/**
 * Positions of `count` different texts whose class is not in `excluded`, uniformly (paper A: captions of other images).
 * Takes the draws `first .. first + 8 * count - 1`; throws `BATCH_TOO_LARGE` where the corpus has too few others.
 */
export function drawCandidates(
  labels: Int32Array,
  excluded: ReadonlySet<number>,
  count: number,
  random: RandomStream,
  first: number,
): Int32Array {
  const chosen = new Set<number>();
  for (let draw = 0; draw < CANDIDATE_DRAWS * count && chosen.size < count; draw++) {
    const position = random.integer(first + draw, labels.length);
    if (!excluded.has(labels[position] as number)) chosen.add(position);
  }
  for (let position = 0; position < labels.length && chosen.size < count; position++)
    if (!excluded.has(labels[position] as number)) chosen.add(position);
  if (chosen.size < count)
    throw new DatasetError(
      "BATCH_TOO_LARGE",
      `candidates: ${count} captions of classes outside the batch were asked for, there are ${chosen.size}; ` +
        `take fewer candidates or a smaller batch`,
      { candidates: count, available: chosen.size },
    );
  return Int32Array.from(chosen);
}
