import { intersectionOverUnion } from "@dualpath/datasets";
import type { Comparison } from "./compare.js";
import type { HardNegativesConfig } from "./config.js";
import type { PhrasePair } from "./phrase-pairs.js";
import type { ProposedRegions } from "./proposals.js";
import type { Region } from "./regions.js";

/** Right regions (rows 0 .. n - 1 of the comparison) and the proposals of their images (rows from n on). */
export interface MiningInput {
  readonly regions: readonly Region[];
  readonly pairs: readonly PhrasePair[];
  readonly proposed: ProposedRegions;
  readonly comparison: Comparison;
}

/**
 * For each pair `each` rows of proposals that overlap the right region by less than `below`, the ones that fit the phrase
 * best first, so that those that score above the right region lead (paper B, 4.4). Where an image has too few they
 * repeat; pairs without any are left out of `kept`.
 */
export async function mineHardNegatives(
  { regions, pairs, proposed, comparison }: MiningInput,
  { each, below }: Pick<HardNegativesConfig, "each" | "below">,
): Promise<{ kept: PhrasePair[]; negatives: number[][] }> {
  const imageRange = rangesByImage(proposed);
  const kept: PhrasePair[] = [];
  const negatives: number[][] = [];
  for (const [id, own] of pairsByImage(regions, pairs)) {
    const [first, end] = imageRange.get(id) ?? [0, 0];
    const boxes = proposed.regions.slice(first, end);
    const rows = boxes.map((_, index) => regions.length + first + index);
    const phrases = own.map(({ phrase }) => phrase);
    const scores = await comparison.scores(rows, phrases);
    for (const pair of own) {
      const right = regions[pair.region]!.box;
      const fit = scores.get(pair.phrase)!;
      const wrong = [...boxes.keys()]
        .filter((index) => intersectionOverUnion(boxes[index]!.box, right) < below)
        .sort((a, b) => fit[b]! - fit[a]! || a - b);
      if (wrong.length === 0) continue;
      kept.push(pair);
      negatives.push(Array.from({ length: each }, (_, index) => rows[wrong[index % wrong.length]!]!));
    }
  }
  return { kept, negatives };
}

function pairsByImage(
  regions: readonly Region[],
  pairs: readonly PhrasePair[],
): ReadonlyMap<string, PhrasePair[]> {
  const groups = new Map<string, PhrasePair[]>();
  for (const pair of pairs) {
    const { id } = regions[pair.region]!.image;
    const own = groups.get(id);
    if (own) own.push(pair);
    else groups.set(id, [pair]);
  }
  return groups;
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
