import { z } from "zod";
import { DatasetError } from "../errors.js";
import { tokenize } from "../text/tokenizer.js";
import { englishStopWords } from "./stop-words.js";
import { normaliseRow, type TextTransform } from "./text-transform.js";

/** What tf-idf counts. */
export interface TfIdfOptions {
  /** Words kept, the most frequent ones: paper B takes 3,000 for Flickr30k and 5,600 for MSCOCO. */
  readonly words: number;
  /** Default true. */
  readonly lowerCase?: boolean;
  /** Words left out; default {@link englishStopWords}. */
  readonly stopWords?: ReadonlySet<string>;
}

const tfIdfFileSchema = z.strictObject({
  version: z.literal(1),
  lowerCase: z.boolean(),
  words: z.array(z.string().min(1)).min(1),
  weights: z.array(z.number().finite().nonnegative()),
});

/** Fitted tf-idf as stored beside a checkpoint. */
export type TfIdfFile = z.infer<typeof tfIdfFileSchema>;

/** Fitted tf-idf. */
export interface TfIdf extends TextTransform {
  /** Word of each place, most frequent first. */
  readonly words: readonly string[];
  toJSON(): TfIdfFile;
}

function transformOf({ words, weights, lowerCase }: Omit<TfIdfFile, "version">): TfIdf {
  const placeOf = new Map(words.map((word, place) => [word, place]));
  const dimension = words.length;
  return {
    dimension,
    words,
    write: (text, target, index) => {
      target.fill(0, index * dimension, (index + 1) * dimension);
      for (const word of tokenize(text, { lowerCase })) {
        const place = placeOf.get(word);
        if (place === undefined) continue;
        const at = index * dimension + place;
        target[at] = (target[at] as number) + (weights[place] as number);
      }
      normaliseRow(target, index, dimension);
    },
    toJSON: () => ({ version: 1, lowerCase, words: [...words], weights: [...weights] }),
  };
}

/**
 * Fits tf-idf in one pass over the training texts: counts times `1 + log((1 + texts) / (1 + texts with the
 * word))`, rows of length 1. Words are kept as written (no lemmas). Errors: `OPTION`, where no word is left.
 */
export async function fitTfIdf(
  texts: Iterable<string> | AsyncIterable<string>,
  { words: most, lowerCase = true, stopWords = englishStopWords }: TfIdfOptions,
): Promise<TfIdf> {
  const occurrences = new Map<string, number>();
  const textsWith = new Map<string, number>();
  let count = 0;
  for await (const text of texts) {
    count++;
    const kept = tokenize(text, { lowerCase }).filter((word) => !stopWords.has(word.toLowerCase()));
    for (const word of kept) occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
    for (const word of new Set(kept)) textsWith.set(word, (textsWith.get(word) ?? 0) + 1);
  }
  const words = [...occurrences]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([word]) => word);
  if (words.length === 0) throw new DatasetError("OPTION", "tf-idf: no word of the texts is left to count");
  const weights = words.map((word) => 1 + Math.log((1 + count) / (1 + (textsWith.get(word) ?? 0))));
  return transformOf({ words, weights, lowerCase });
}

/** Reads stored tf-idf; `source` names it in errors (`VOCABULARY_FORMAT`). */
export function parseTfIdf(value: unknown, source: string): TfIdf {
  const parsed = tfIdfFileSchema.safeParse(value);
  const issue = parsed.success ? undefined : parsed.error.issues[0];
  const fail = (what: string) =>
    new DatasetError("VOCABULARY_FORMAT", `${source}: ${what}; fit tf-idf again`, { file: source });
  if (!parsed.success) throw fail(`${issue?.path.join(".") || "tf-idf"}: ${issue?.message}`);
  const { words, weights } = parsed.data;
  if (weights.length !== words.length) throw fail(`${words.length} words, but ${weights.length} weights`);
  if (new Set(words).size !== words.length) throw fail("it lists a word twice");
  return transformOf(parsed.data);
}
