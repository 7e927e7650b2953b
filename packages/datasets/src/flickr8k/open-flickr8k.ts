import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { captionCorpus } from "../captions/caption-corpus.js";
import { captionSet, type CaptionSet, type CaptionSource } from "../captions/caption-set.js";
import { parseKarpathyFile } from "../captions/json-files.js";
import { readCorpusFile } from "../captions/records.js";
import { assignListedSplits, type SplitList } from "../captions/splits.js";
import { parseCaptionTable, parseNameList, parseTokenFile } from "../captions/text-files.js";
import type { Flickr8kConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { DatasetError } from "../errors.js";

const KARPATHY = "dataset_flickr8k.json";
const CAPTION_FILES = ["captions.txt", "Flickr8k.token.txt"];
/** Flickr8k's own archive spells its image folder with a typing error. */
const IMAGE_FOLDERS = ["Images", "Flicker8k_Dataset", "Flickr8k_Dataset"];
const SPLIT_FILES = { train: "trainImages", validation: "devImages", test: "testImages" } as const;

async function firstPresent(directory: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const found = await access(join(directory, name)).then(
      () => true,
      () => false,
    );
    if (found) return join(directory, name);
  }
  return undefined;
}

async function needed(directory: string, names: readonly string[], what: string): Promise<string> {
  const found = await firstPresent(directory, names);
  if (found) return found;
  throw new DatasetError(
    "FILE_MISSING",
    `${directory}: no ${what} (looked for ${names.join(", ")}); unpack Flickr8k there ` +
      `(https://github.com/jbrownlee/Datasets/releases/tag/Flickr8k) or correct the directory`,
    { directory, names },
  );
}

async function readSplitLists(directory: string): Promise<SplitList[]> {
  const lists: SplitList[] = [];
  for (const [split, name] of Object.entries(SPLIT_FILES)) {
    const names = [`Flickr_8k.${name}.txt`];
    const file =
      split === "train" ? await needed(directory, names, "list") : await firstPresent(directory, names);
    if (file) lists.push({ split, file, names: parseNameList(await readCorpusFile(file)) });
  }
  return lists;
}

async function readListLayout(
  directory: string,
  imageFolder: string,
  config: Flickr8kConfig,
): Promise<CaptionSet> {
  const file = await needed(directory, CAPTION_FILES, "caption file");
  const parse = file.endsWith("captions.txt") ? parseCaptionTable : parseTokenFile;
  const source: CaptionSource = { ...parse(file, await readCorpusFile(file)), imageFolder };
  const lists = await readSplitLists(directory);
  return captionSet("flickr8k-lists", [source], config.problems, (images) =>
    assignListedSplits(images, lists),
  );
}

async function readKarpathyLayout(directory: string, imageFolder: string, config: Flickr8kConfig) {
  const file = await needed(directory, [KARPATHY], "Karpathy file");
  const source: CaptionSource = { ...parseKarpathyFile(file, await readCorpusFile(file)), imageFolder };
  return captionSet("flickr8k-karpathy", [source], config.problems);
}

/**
 * Reads and validates Flickr8k: images, captions and splits, in either layout. Names and splits of the two layouts are
 * kept apart in results. Errors: `FILE_MISSING`, or one error that lists every problem.
 */
export async function readFlickr8k(
  config: Flickr8kConfig,
  baseDirectory = process.cwd(),
): Promise<CaptionSet> {
  const directory = resolve(baseDirectory, config.directory);
  const imageFolder = await needed(directory, IMAGE_FOLDERS, "image folder");
  const hasLists = (await firstPresent(directory, CAPTION_FILES)) !== undefined;
  const lists = config.layout === "lists" || (config.layout === "auto" && hasLists);
  return (lists ? readListLayout : readKarpathyLayout)(directory, imageFolder, config);
}

/** Opens Flickr8k; every image is a class of its own. */
export async function openFlickr8k(config: Flickr8kConfig, context: OpenContext): Promise<Corpus> {
  return captionCorpus(await readFlickr8k(config, context.baseDirectory), config, context);
}
