import type { Annotation } from "./annotation.js";
import { unionBox, type PixelBox } from "./pixel-box.js";
import type { Sentence } from "./sentences.js";

/** Why a phrase has no ground truth. */
export const dropReasons = ["notvisual", "scene", "nobox", "unannotated", "unrelated"] as const;
export type DropReason = (typeof dropReasons)[number];

/**
 * A mention of a thing in a caption, with where it is. Every mention counts in evaluation, not every chain.
 */
export interface LocatedPhrase {
  /** Place of the image in the set. */
  readonly image: number;
  /** Number of the caption within the image, from 1. */
  readonly sentence: number;
  readonly text: string;
  readonly types: readonly string[];
  readonly chain: number;
  readonly boxes: readonly PixelBox[];
  /** Encloses `boxes`: the ground truth. */
  readonly box: PixelBox;
}

/** Phrases by what became of them. */
export interface PhraseCounts {
  located: number;
  readonly dropped: Record<DropReason, number>;
}

/** Counts of nothing. */
export function noPhrases(): PhraseCounts {
  return { located: 0, dropped: { notvisual: 0, scene: 0, nobox: 0, unannotated: 0, unrelated: 0 } };
}

function reasonOf(chain: number, types: readonly string[], { scene, noBox }: Annotation): DropReason {
  if (chain === 0 || types.includes("notvisual")) return "notvisual";
  if (scene.has(chain)) return "scene";
  return noBox.has(chain) ? "nobox" : "unannotated";
}

/**
 * The phrases of an image that have a box; the others are counted by reason. Phrases of the captions in
 * `unrelated` (numbers from 1), which are about another photo, are dropped.
 */
export function locatePhrases(
  image: number,
  sentences: readonly Sentence[],
  annotation: Annotation,
  unrelated: ReadonlySet<number>,
  counts: PhraseCounts,
): LocatedPhrase[] {
  const located: LocatedPhrase[] = [];
  for (const { number, phrases } of sentences)
    for (const { chain, types, text } of phrases) {
      const boxes = chain === 0 ? [] : (annotation.boxes.get(chain) ?? []);
      const box = unionBox(boxes);
      if (unrelated.has(number)) counts.dropped.unrelated++;
      else if (box === undefined) counts.dropped[reasonOf(chain, types, annotation)]++;
      else {
        counts.located++;
        located.push({ image, sentence: number, text, types, chain, boxes, box });
      }
    }
  return located;
}

/** Phrases by chain: mentions of the same thing, neighbours of each other (paper B's phrase structure). */
export function chainsOf(phrases: readonly LocatedPhrase[]): Map<string, LocatedPhrase[]> {
  const chains = new Map<string, LocatedPhrase[]>();
  for (const phrase of phrases) {
    const key = `${phrase.image}/${phrase.chain}`;
    const known = chains.get(key);
    if (known) known.push(phrase);
    else chains.set(key, [phrase]);
  }
  return chains;
}
