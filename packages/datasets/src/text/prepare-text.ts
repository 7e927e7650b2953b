import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { TextConfig } from "../config.js";
import { DatasetError, isSystemError } from "../errors.js";
import { cachedWordVectors } from "./cached-vectors.js";
import { lookupTable, type LookupTable } from "./lookup-table.js";
import {
  buildVocabulary,
  checkCoverage,
  countWords,
  parseVocabulary,
  vocabularyOf,
  type Vocabulary,
} from "./vocabulary.js";
import type { WordVectors } from "./vector-file.js";

/** The vocabulary of a corpus and, where word vectors are configured, the lookup's initial values. */
export interface PreparedText {
  readonly vocabulary: Vocabulary;
  readonly lookup?: LookupTable;
}

/** Captions of a corpus and where its files lie. */
export interface TextSource {
  readonly training: readonly string[];
  readonly validation: readonly string[];
  /** Those of all splits. */
  readonly all: readonly string[];
  readonly baseDirectory: string;
  readonly cacheDirectory: string;
}

async function storedVocabulary(file: string, captions: readonly string[]): Promise<Vocabulary> {
  const json = await readFile(file, "utf8").catch((error: unknown) => {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new DatasetError("FILE_MISSING", `${file}: no such vocabulary; correct the path`, { file });
  });
  const vocabulary = parseVocabulary(json, file);
  checkCoverage(vocabulary, captions, file);
  return vocabulary;
}

function packageFile(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(`${name}/${name}.json`);
  } catch (error) {
    throw new DatasetError(
      "FILE_MISSING",
      `${name}: not installed; run npm ci`,
      { package: name },
      { cause: error },
    );
  }
}

/** Vectors of the wanted words from the configured file or package; undefined where none is configured. */
export async function configuredVectors(
  config: Pick<TextConfig, "wordVectors">,
  words: ReadonlySet<string>,
  source: Pick<TextSource, "baseDirectory" | "cacheDirectory">,
): Promise<WordVectors | undefined> {
  if (!config.wordVectors) return undefined;
  const { file, package: name, format } = config.wordVectors;
  const path = name === undefined ? resolve(source.baseDirectory, file ?? "") : packageFile(name);
  return cachedWordVectors(path, words, join(source.cacheDirectory, "word-vectors"), format);
}

function withHeldOutWords(vocabulary: Vocabulary, vectors: WordVectors): Vocabulary {
  const more = [...vectors.vectors.keys()].filter((word) => vocabulary.idOf(word) === 0).sort();
  return vocabularyOf([...vocabulary.words, ...more], vocabulary);
}

function chooseWords(config: TextConfig, training: readonly string[], vectors?: WordVectors): Vocabulary {
  const { lowerCase, minimumCount, wordVectors } = config;
  const restrictTo = wordVectors?.restrict ? vectors?.vectors : undefined;
  const options = { lowerCase, minimumCount, ...(restrictTo && { restrictTo }) };
  const vocabulary = buildVocabulary(training, options);
  if (vocabulary.size === 0)
    throw new DatasetError(
      "VOCABULARY_MISMATCH",
      `${wordVectors?.file ?? "vocabulary"}: no word of the training captions is left; ` +
        `check minimumCount, lowerCase and the word vectors`,
    );
  return vectors && wordVectors?.words === "corpus" ? withHeldOutWords(vocabulary, vectors) : vocabulary;
}

/**
 * The vocabulary of the training captions (or the stored one that is configured) and its word vectors.
 * Errors: `FILE_MISSING`, `VOCABULARY_FORMAT`, `VOCABULARY_MISMATCH`, `WORD_VECTORS_FORMAT`.
 */
export async function prepareText(config: TextConfig, source: TextSource): Promise<PreparedText> {
  const stored =
    config.vocabulary === undefined
      ? undefined
      : await storedVocabulary(resolve(source.baseDirectory, config.vocabulary), source.training);
  const rule = config.wordVectors?.words;
  const counted = rule === "validation" ? [...source.training, ...source.validation] : source.training;
  const captions = rule === "corpus" ? source.all : counted;
  const wanted = new Set(stored?.words ?? countWords(captions, config).keys());
  const vectors = await configuredVectors(config, wanted, source);
  const vocabulary = stored ?? chooseWords(config, counted, vectors);
  const initial = config.wordVectors?.initial === "random" ? undefined : vectors;
  return { vocabulary, ...(initial && { lookup: lookupTable(vocabulary, initial) }) };
}
