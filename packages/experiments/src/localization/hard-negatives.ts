import { intersectionOverUnion } from "@dualpath/datasets";
import type { HardNegativesConfig } from "./config.js";
import type { EmbeddedRows } from "./embed.js";
import type { PhrasePair } from "./phrase-pairs.js";
import type { ProposedRegions } from "./proposals.js";
import type { Region } from "./regions.js";

/** Right regions (rows 0 .. n - 1 of the embeddings) and the proposals of their images (rows from n on). */
export interface MiningInput {
  readonly regions: readonly Region[];
  readonly pairs: readonly PhrasePair[];
  readonly proposed: ProposedRegions;
  readonly embedded: EmbeddedRows;
}

/**
 * For each pair `each` rows of proposals that overlap the right region by less than `below`, the ones most similar to
 * the phrase first, so that those that score above the right region lead (paper B, 4.4). Where an image has too few they
 * repeat; pairs without any are left out of `kept`.
 */
export function mineHardNegatives(
  { regions, pairs, proposed, embedded }: MiningInput,
  { each, below }: Pick<HardNegativesConfig, "each" | "below">,
): { kept: PhrasePair[]; negatives: number[][] } {
  const imageRange = rangesByImage(proposed);
  const kept: PhrasePair[] = [];
  const negatives: number[][] = [];
  for (const pair of pairs) {
    const { image, box } = regions[pair.region]!;
    const [first, end] = imageRange.get(image.id) ?? [0, 0];
    const wrong: { row: number; score: number }[] = [];
    for (let index = first; index < end; index++) {
      if (intersectionOverUnion(proposed.regions[index]!.box, box) >= below) continue;
      const row = regions.length + index;
      wrong.push({ row, score: similarity(embedded, row, pair.phrase) });
    }
    if (wrong.length === 0) continue;
    wrong.sort((a, b) => b.score - a.score || a.row - b.row);
    kept.push(pair);
    negatives.push(Array.from({ length: each }, (_, index) => wrong[index % wrong.length]!.row));
  }
  return { kept, negatives };
}

function rangesByImage({ regions, offsets }: ProposedRegions): Map<string, readonly [number, number]> {
  const ranges = new Map<string, readonly [number, number]>();
  for (let image = 0; image + 1 < offsets.length; image++) {
    const [first, end] = [offsets[image]!, offsets[image + 1]!];
    const id = regions[first]?.image.id;
    if (id !== undefined && end > first) ranges.set(id, [first, end]);
  }
  return ranges;
}

/** Cosine of a region and a phrase. */
export function similarity(
  { images, texts, dimension }: EmbeddedRows,
  region: number,
  phrase: number,
): number {
  let sum = 0;
  for (let k = 0; k < dimension; k++) sum += images[region * dimension + k]! * texts[phrase * dimension + k]!;
  return sum;
}
