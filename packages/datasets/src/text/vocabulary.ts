import { createHash } from "node:crypto";
import { z } from "zod";
import { DatasetError, messageOf } from "../errors.js";
import { tokenize, type TokenizerOptions } from "./tokenizer.js";

/** Words and their ids: word `words[k]` has id k + 1; id 0 is the pad. */
export interface Vocabulary extends TokenizerOptions {
  readonly words: readonly string[];
  readonly size: number;
  /** sha256 over the words and the tokenizer's options. */
  readonly checksum: string;
  /** 0 for a word that is not in the vocabulary. */
  idOf(word: string): number;
  /** Ids of the known words of a caption; unknown ones are dropped (paper A has no UNK). */
  encode(caption: string): number[];
  toJSON(): VocabularyFile;
}

const vocabularyFileSchema = z.strictObject({
  version: z.literal(1),
  lowerCase: z.boolean(),
  checksum: z.string(),
  words: z.array(z.string().min(1)),
});

/** A vocabulary as stored beside a checkpoint. */
export type VocabularyFile = z.infer<typeof vocabularyFileSchema>;

function checksumOf(words: readonly string[], lowerCase: boolean): string {
  return createHash("sha256").update(JSON.stringify({ lowerCase, words })).digest("hex");
}

/** Makes a vocabulary of words in id order. */
export function vocabularyOf(words: readonly string[], options: TokenizerOptions): Vocabulary {
  const { lowerCase } = options;
  const ids = new Map(words.map((word, index) => [word, index + 1]));
  const checksum = checksumOf(words, lowerCase);
  const idOf = (word: string) => ids.get(word) ?? 0;
  return {
    words,
    size: words.length,
    lowerCase,
    checksum,
    idOf,
    encode: (caption) =>
      tokenize(caption, options)
        .map(idOf)
        .filter((id) => id > 0),
    toJSON: () => ({ version: 1, lowerCase, checksum, words: [...words] }),
  };
}

/** Which words a vocabulary takes. */
export interface VocabularyOptions extends TokenizerOptions {
  /** Occurrences in the captions that a word needs; default 1. */
  readonly minimumCount?: number;
  /** Take only these words, for example those of a word-vector file (paper A). */
  readonly restrictTo?: { has(word: string): boolean };
}

/** Occurrences of each word of the captions. */
export function countWords(captions: Iterable<string>, options: TokenizerOptions): Map<string, number> {
  const counts = new Map<string, number>();
  for (const caption of captions)
    for (const word of tokenize(caption, options)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** The vocabulary of training captions: most frequent first, equals by code unit, so it depends on nothing else. */
export function buildVocabulary(captions: Iterable<string>, options: VocabularyOptions): Vocabulary {
  const { minimumCount = 1, restrictTo } = options;
  const words = [...countWords(captions, options)]
    .filter(([word, count]) => count >= minimumCount && (restrictTo?.has(word) ?? true))
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([word]) => word);
  return vocabularyOf(words, options);
}

/** Reads a stored vocabulary; `source` names it in errors (`VOCABULARY_FORMAT`). */
export function parseVocabulary(json: string, source: string): Vocabulary {
  const fail = (what: string, cause?: unknown) =>
    new DatasetError(
      "VOCABULARY_FORMAT",
      `${source}: ${what}; build the vocabulary again`,
      { file: source },
      { cause },
    );
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw fail(`is not JSON (${messageOf(error)})`, error);
  }
  const parsed = vocabularyFileSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw fail(`${issue?.path.join(".") || "vocabulary"}: ${issue?.message}`, parsed.error);
  }
  const vocabulary = vocabularyOf(parsed.data.words, parsed.data);
  if (vocabulary.checksum !== parsed.data.checksum) throw fail("its checksum does not match its words");
  if (new Set(vocabulary.words).size !== vocabulary.size) throw fail("it lists a word twice");
  return vocabulary;
}

/** Throws `VOCABULARY_MISMATCH` unless both vocabularies give every word the same id. */
export function checkSameVocabulary(
  expected: Pick<Vocabulary, "checksum" | "size">,
  actual: Pick<Vocabulary, "checksum" | "size">,
  source: string,
): void {
  if (expected.checksum === actual.checksum) return;
  throw new DatasetError(
    "VOCABULARY_MISMATCH",
    `${source}: its vocabulary (${actual.size} words, ${actual.checksum.slice(0, 12)}) is of another corpus than the ` +
      `one in use (${expected.size} words, ${expected.checksum.slice(0, 12)}); word ids would mean other words`,
    { source, expected: expected.checksum, actual: actual.checksum },
  );
}

/** Throws `VOCABULARY_MISMATCH` where a vocabulary knows fewer than `least` (share of 1) of the captions' words. */
export function checkCoverage(
  vocabulary: Vocabulary,
  captions: readonly string[],
  source: string,
  least = 0.5,
): number {
  let known = 0;
  let total = 0;
  for (const [word, count] of countWords(captions, vocabulary)) {
    total += count;
    if (vocabulary.idOf(word) > 0) known += count;
  }
  const coverage = total === 0 ? 0 : known / total;
  if (coverage < least)
    throw new DatasetError(
      "VOCABULARY_MISMATCH",
      `${source}: the vocabulary knows only ${(coverage * 100).toFixed(1)} % of the words of these captions; ` +
        `it is of another corpus, or of another letter case`,
      { source, coverage },
    );
  return coverage;
}
