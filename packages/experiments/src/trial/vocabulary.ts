import { constants, copyFileSync, existsSync, readFileSync, renameSync } from "node:fs";
import { checkSameVocabulary, parseVocabulary, type Vocabulary } from "@dualpath/datasets";
import { writeWhole } from "../process/files.js";
import type { TrialDirectory } from "../sweep/directory.js";

/**
 * Keeps the vocabulary beside the checkpoints that depend on it. Throws VOCABULARY_MISMATCH when another one is kept
 * there already: the corpus has changed since the trial began.
 */
export function keepVocabulary({ vocabulary: file }: TrialDirectory, vocabulary: Vocabulary): void {
  const kept = readVocabulary(file);
  if (kept === undefined) writeWhole(file, `${JSON.stringify(vocabulary.toJSON())}\n`);
  else checkSameVocabulary(vocabulary, kept, file);
}

/** The vocabulary in a file, or undefined when there is none. */
export const readVocabulary = (file: string): Vocabulary | undefined =>
  existsSync(file) ? parseVocabulary(readFileSync(file, "utf8"), file) : undefined;

/** Keeps what text vectors were fitted to beside the checkpoints: other captions are not to be fitted again. */
export function keepFittedTexts({ texts: file }: TrialDirectory, fitted: string | undefined): void {
  if (fitted === undefined || existsSync(file)) return;
  const partial = `${file}.${process.pid}.part`;
  copyFileSync(fitted, partial, constants.COPYFILE_FICLONE);
  renameSync(partial, file);
}
