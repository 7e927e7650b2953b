import { localization, type LocalizationQuery, type LocalizationResult } from "@dualpath/core";
import { intersectionOverUnion, type EntitiesImage, type LocatedPhrase } from "@dualpath/datasets";
import type { EmbeddedRows } from "./embed.js";
import { similarity } from "./hard-negatives.js";
import type { PhraseBook } from "./phrase-pairs.js";
import type { ProposedRegions } from "./proposals.js";

/** A mention with its image's proposals ranked. */
export interface ScoredMention extends LocalizationQuery {
  readonly image: number;
  readonly phrase: LocatedPhrase;
}

/** Every mention of the images, with the similarity and the overlap of each proposal of its image. */
export function scoreMentions(
  images: readonly EntitiesImage[],
  { regions, offsets }: ProposedRegions,
  book: PhraseBook,
  embedded: EmbeddedRows,
): ScoredMention[] {
  return images.flatMap((image, place) => {
    const [first, end] = [offsets[place]!, offsets[place + 1]!];
    const rows = Array.from({ length: end - first }, (_, index) => first + index);
    return image.phrases.map((phrase) => {
      const text = book.rowOf(phrase.text);
      return {
        image: place,
        phrase,
        types: phrase.types,
        scores: rows.map((row) => similarity(embedded, row, text)),
        overlaps: rows.map((row) => intersectionOverUnion(regions[row]!.box, phrase.box)),
      };
    });
  });
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
