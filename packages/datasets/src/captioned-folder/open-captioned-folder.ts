import { basename, resolve } from "node:path";
import { captionCorpus } from "../captions/caption-corpus.js";
import { captionSet, type CaptionSet, type CaptionSource } from "../captions/caption-set.js";
import { readCorpusFile } from "../captions/records.js";
import { assignListedSplits, assignRandomSplits, type SplitList } from "../captions/splits.js";
import { parseNameList } from "../captions/text-files.js";
import type { CaptionsConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { DatasetError } from "../errors.js";
import { parseCaptions } from "./caption-format.js";

type BySplit = Exclude<CaptionsConfig["captions"], string>;
type SplitName = keyof BySplit;
const SPLITS: readonly SplitName[] = ["train", "validation", "test"];

async function readSource(config: CaptionsConfig, file: string, imageFolder: string): Promise<CaptionSource> {
  return { ...parseCaptions(file, await readCorpusFile(file), config), imageFolder };
}

function folderOf({ images }: CaptionsConfig, split: SplitName): string {
  const folder = typeof images === "string" ? images : images[split];
  if (folder !== undefined) return folder;
  throw new DatasetError(
    "OPTION",
    `corpus.images.${split}: missing, though corpus.captions.${split} is given`,
  );
}

/** One caption file a split: the file decides the split of its images. */
async function readPerSplit(
  config: CaptionsConfig,
  captions: BySplit,
  base: string,
): Promise<CaptionSource[]> {
  const sources: CaptionSource[] = [];
  for (const split of SPLITS) {
    const file = captions[split];
    if (file === undefined) continue;
    const source = await readSource(config, resolve(base, file), resolve(base, folderOf(config, split)));
    sources.push({ ...source, records: source.records.map((record) => ({ ...record, split })) });
  }
  return sources;
}

async function readSources(config: CaptionsConfig, base: string): Promise<CaptionSource[]> {
  const { captions, images } = config;
  if (typeof captions !== "string") return readPerSplit(config, captions, base);
  if (typeof images !== "string")
    throw new DatasetError("OPTION", "corpus.images: expected one folder, since corpus.captions is one file");
  return [await readSource(config, resolve(base, captions), resolve(base, images))];
}

async function readLists(splits: BySplit, base: string): Promise<SplitList[]> {
  const lists: SplitList[] = [];
  for (const split of SPLITS) {
    const file = splits[split];
    if (file !== undefined)
      lists.push({
        split,
        file: resolve(base, file),
        names: parseNameList(await readCorpusFile(resolve(base, file))),
      });
  }
  return lists;
}

function checkSplitsAreKnown(config: CaptionsConfig, sources: readonly CaptionSource[]): void {
  const given = sources.some(({ records }) => records.some(({ split }) => split !== undefined));
  if (config.splits !== undefined && given)
    throw new DatasetError(
      "OPTION",
      "corpus.splits: the caption files tell the splits already; leave it out",
    );
  if (config.splits === undefined && !given)
    throw new DatasetError(
      "OPTION",
      "corpus.splits: missing; these caption files do not tell who trains. Give files of image names, or sizes " +
        "such as { validation: 1000, test: 1000 }",
    );
}

function nameOf({ name, captions, splits }: CaptionsConfig): string {
  const file = typeof captions === "string" ? captions : captions.train;
  const drawn = splits && "seed" in splits ? `-seed${splits.seed}` : "";
  return `${name ?? basename(file).replace(/\.[^.]+$/, "")}${drawn}`;
}

/**
 * Reads and validates a folder of photos with captions in the Flickr30k, Karpathy or COCO form.
 * Errors: `OPTION`, `FILE_MISSING`, `FILE_FORMAT`, or one error that lists every problem.
 */
export async function readCaptionedFolder(config: CaptionsConfig, base = process.cwd()): Promise<CaptionSet> {
  const sources = await readSources(config, base);
  checkSplitsAreKnown(config, sources);
  const { splits } = config;
  const lists = splits && "train" in splits ? await readLists(splits, base) : [];
  return captionSet(nameOf(config), sources, config.problems, (images) => {
    if (splits === undefined) return [];
    if ("train" in splits) return assignListedSplits(images, lists);
    assignRandomSplits(images, splits);
    return [];
  });
}

/** Opens one's own captioned photos; every image is a class of its own. */
export async function openCaptionedFolder(config: CaptionsConfig, context: OpenContext): Promise<Corpus> {
  return captionCorpus(await readCaptionedFolder(config, context.baseDirectory), config, context);
}
