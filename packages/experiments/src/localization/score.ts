import { localization, type LocalizationQuery, type LocalizationResult } from "@dualpath/core";
import { intersectionOverUnion, type EntitiesImage, type LocatedPhrase } from "@dualpath/datasets";
import type { Comparison } from "./compare.js";
import type { PhraseBook } from "./phrase-pairs.js";
import type { ProposedRegions } from "./proposals.js";

/** A mention with its image's proposals ranked. */
export interface ScoredMention extends LocalizationQuery {
  readonly image: number;
  readonly phrase: LocatedPhrase;
}

/** Every mention of the images, with how well each proposal of its image fits it and the overlap of both. */
export async function scoreMentions(
  images: readonly EntitiesImage[],
  { regions, offsets }: ProposedRegions,
  book: PhraseBook,
  comparison: Comparison,
): Promise<ScoredMention[]> {
  const mentions: ScoredMention[] = [];
  for (const [place, image] of images.entries()) {
    const [first, end] = [offsets[place]!, offsets[place + 1]!];
    const rows = Array.from({ length: end - first }, (_, index) => first + index);
    const texts = image.phrases.map(({ text }) => book.rowOf(text));
    const scores = await comparison.scores(rows, texts);
    for (const [index, phrase] of image.phrases.entries())
      mentions.push({
        image: place,
        phrase,
        types: phrase.types,
        scores: scores.get(texts[index]!)!,
        overlaps: rows.map((row) => intersectionOverUnion(regions[row]!.box, phrase.box)),
      });
  }
  return mentions;
}

/** Recalls of one way to rank. */
export interface LocalizationRow {
  readonly name: string;
  readonly split: string;
  readonly result: LocalizationResult;
  readonly seconds: number;
}

export const localizationRow = (
  name: string,
  split: string,
  mentions: readonly ScoredMention[],
  seconds: number,
): LocalizationRow => ({ name, split, result: localization(mentions), seconds });
