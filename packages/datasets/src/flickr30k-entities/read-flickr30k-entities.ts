import { join, resolve } from "node:path";
import { problemsError, type Problem } from "../captions/problems.js";
import { readCorpusFile } from "../captions/records.js";
import type { Flickr30kEntitiesConfig } from "../config.js";
import { DatasetError } from "../errors.js";
import { lookAhead } from "../loader/look-ahead.js";
import { findFile, requireFile } from "../splits/find-file.js";
import { readSplitLists } from "../splits/read-lists.js";
import { parseAnnotation, type Annotation } from "./annotation.js";
import { locatePhrases, noPhrases, type LocatedPhrase, type PhraseCounts } from "./phrases.js";
import { parseSentences, type Sentence } from "./sentences.js";
import { parseUnrelatedCaptions, type UnrelatedCaptions } from "./unrelated-captions.js";

/** An image of Flickr30k Entities. */
export interface EntitiesImage {
  readonly id: string;
  /** Where the photo lies; absent where no image folder is configured. */
  readonly path?: string;
  readonly split: string;
  readonly width: number;
  readonly height: number;
  readonly sentences: readonly Sentence[];
  /** The phrases that have a box. */
  readonly phrases: readonly LocatedPhrase[];
}

/** Flickr30k Entities, validated. */
export interface EntitiesSet {
  readonly name: string;
  readonly images: readonly EntitiesImage[];
  /** What became of the phrases of each split; the located ones are the denominator of its results. */
  readonly counts: Readonly<Record<string, PhraseCounts>>;
  /** Problems that images were left out for (with `problems: skip`). */
  readonly skipped: readonly Problem[];
}

interface Listed {
  readonly id: string;
  readonly split: string;
}

const NAME = "flickr30k-entities";
const FILES_AT_ONCE = 32;
const UNPACK = "unpack annotations.zip of Flickr30k Entities there or correct the directory";
const LISTS = { train: ["train.txt"], validation: ["val.txt"], test: ["test.txt"] };

async function readLists(
  directory: string,
  config: Flickr30kEntitiesConfig,
  problems: Problem[],
): Promise<Listed[]> {
  const listed = new Map<string, Listed>();
  const wanted = config.splits === undefined ? undefined : new Set<string>(config.splits);
  const isWanted = ([split]: [string, unknown]) => wanted?.has(split) ?? true;
  const places = Object.fromEntries(Object.entries(LISTS).filter(isWanted));
  const own = Object.fromEntries(Object.entries(config.lists).filter(isWanted));
  for (const { split, file, names } of await readSplitLists(directory, places, own))
    for (const { name, record } of names) {
      const id = name.replace(/\.jpg$/, "");
      const report = (message: string) => problems.push({ code: "CORPUS_INVALID", file, record, message });
      const known = listed.get(id);
      if (!/^[\w-]{1,64}$/.test(id)) report("is not the id of an image; correct the line");
      else if (known !== undefined) report(`${id} is listed in ${known.split} already; keep it in one place`);
      else listed.set(id, { id, split });
    }
  return [...listed.values()];
}

async function readUnrelated(
  directory: string,
  config: Flickr30kEntitiesConfig,
  problems: Problem[],
): Promise<UnrelatedCaptions> {
  const file = await findFile(directory, ["UNRELATED_CAPTIONS"]);
  if (file === undefined || config.unrelatedCaptions === "keep") return new Map();
  const parsed = parseUnrelatedCaptions(file, await readCorpusFile(file));
  problems.push(...parsed.problems);
  return parsed.unrelated;
}

interface ImageFiles {
  readonly sentences: readonly Sentence[];
  readonly annotation: Annotation;
}

/** Both files of an image, or what is wrong with them. */
async function readImage(root: string, id: string): Promise<ImageFiles | Problem[]> {
  const sentenceFile = join(root, "Sentences", `${id}.txt`);
  const annotationFile = join(root, "Annotations", `${id}.xml`);
  try {
    const { sentences, problems } = parseSentences(sentenceFile, await readCorpusFile(sentenceFile));
    const annotation = parseAnnotation(annotationFile, await readCorpusFile(annotationFile));
    return problems.length > 0 ? problems : { sentences, annotation };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    const file = typeof error.details.file === "string" ? error.details.file : sentenceFile;
    const message = error.message.startsWith(`${file}: `)
      ? error.message.slice(file.length + 2)
      : error.message;
    return [{ code: error.code, file, message }];
  }
}

async function assemble(
  root: string,
  listed: readonly Listed[],
  config: Flickr30kEntitiesConfig,
  unrelated: UnrelatedCaptions,
  problems: Problem[],
) {
  const images: EntitiesImage[] = [];
  const counts: Record<string, PhraseCounts> = {};
  const imageFolder = config.images === undefined ? undefined : resolve(root, config.images);
  let next = 0;
  const read = (index: number) => readImage(root, (listed[index] as Listed).id);
  for await (const found of lookAhead(listed.length, FILES_AT_ONCE, read)) {
    const { id, split } = listed[next++] as Listed;
    if (Array.isArray(found)) {
      problems.push(...found);
      continue;
    }
    const { sentences, annotation } = found as ImageFiles;
    const { width, height } = annotation;
    const excluded = unrelated.get(id) ?? new Set<number>();
    const phrases = locatePhrases(
      images.length,
      sentences,
      annotation,
      excluded,
      (counts[split] ??= noPhrases()),
    );
    const path = imageFolder === undefined ? {} : { path: join(imageFolder, `${id}.jpg`) };
    images.push({ id, ...path, split, width, height, sentences, phrases });
  }
  return { images, counts };
}

/**
 * Reads Flickr30k Entities: `Sentences/*.txt`, `Annotations/*.xml` and the lists of ids. Phrases without a
 * box are left out and counted by reason. Errors: `FILE_MISSING`, or one error that lists every problem.
 */
export async function readFlickr30kEntities(
  config: Flickr30kEntitiesConfig,
  baseDirectory = process.cwd(),
): Promise<EntitiesSet> {
  const directory = resolve(baseDirectory, config.directory);
  await requireFile(directory, ["Sentences"], "folder Sentences", UNPACK);
  await requireFile(directory, ["Annotations"], "folder Annotations", UNPACK);
  const problems: Problem[] = [];
  const listed = await readLists(directory, config, problems);
  const unrelated = await readUnrelated(directory, config, problems);
  const { images, counts } = await assemble(directory, listed, config, unrelated, problems);
  if (problems.length > 0 && config.problems === "error") throw problemsError(NAME, problems);
  return { name: NAME, images, counts, skipped: problems };
}
