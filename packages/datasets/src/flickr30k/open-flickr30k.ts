import { resolve } from "node:path";
import { captionCorpus } from "../captions/caption-corpus.js";
import { captionSet, type CaptionSet } from "../captions/caption-set.js";
import { parseKarpathyFile } from "../captions/json-files.js";
import { readCorpusFile } from "../captions/records.js";
import { assignListedSplits } from "../captions/splits.js";
import { parseTokenFile } from "../captions/text-files.js";
import type { Flickr30kConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { requireFile } from "../splits/find-file.js";
import { readSplitLists, type ListPlaces } from "../splits/read-lists.js";
import { parseResultsTable } from "./results-table.js";

const KARPATHY = ["dataset_flickr30k.json", "karpathy/dataset_flickr30k.json"];
const TOKEN_FILES = ["results_20130124.token", "results.token", "results.csv"];
const IMAGE_FOLDERS = ["flickr30k-images", "flickr30k_images", "Images", "images"];
const UNPACK = "unpack Flickr30k there or correct the directory";

type ListedRule = Exclude<Flickr30kConfig["split"], "karpathy">;

const besideOrBelow = (name: string) => [name, `flickr30k_entities/${name}`];
const ENTITIES: ListPlaces = {
  train: besideOrBelow("train.txt"),
  validation: besideOrBelow("val.txt"),
  test: besideOrBelow("test.txt"),
};
const LISTS: Readonly<Record<ListedRule, ListPlaces>> = {
  entities: ENTITIES,
  "two-branch": ENTITIES,
  // Paper A's code validates and tests on Flickr8k's dev and test photos and trains on all others.
  flickr8k: { validation: ["Flickr_8k.devImages.txt"], test: ["Flickr_8k.testImages.txt"] },
};

/** The number of a photo: Flickr8k adds `_<secret>` to the names that Flickr30k has. */
function photoNumber(name: string): string {
  return name.replace(/^.*[\\/]/, "").replace(/[_.].*$/, "");
}

async function readKarpathy(directory: string, imageFolder: string, config: Flickr30kConfig) {
  const file = await requireFile(directory, KARPATHY, "Karpathy file", UNPACK);
  const source = { ...parseKarpathyFile(file, await readCorpusFile(file)), imageFolder };
  return captionSet("flickr30k-karpathy", [source], config.problems);
}

async function readListed(
  directory: string,
  imageFolder: string,
  config: Flickr30kConfig,
  rule: ListedRule,
): Promise<CaptionSet> {
  const file = await requireFile(directory, TOKEN_FILES, "token file", UNPACK);
  const parse = file.endsWith(".csv") ? parseResultsTable : parseTokenFile;
  const source = { ...parse(file, await readCorpusFile(file)), imageFolder };
  const lists = await readSplitLists(directory, LISTS[rule], config.lists);
  const rest = lists.some(({ split }) => split === "train") ? {} : { rest: "train" };
  return captionSet(`flickr30k-${rule}`, [source], config.problems, (images) =>
    assignListedSplits(images, lists, { keyOf: photoNumber, ...rest }),
  );
}

/**
 * Reads and validates Flickr30k: its token file (or Kaggle's `results.csv`) with listed splits, or Karpathy's
 * JSON. The split rule is part of the corpus's name. Errors: `FILE_MISSING`, or one error that lists every
 * problem.
 */
export async function readFlickr30k(
  config: Flickr30kConfig,
  baseDirectory = process.cwd(),
): Promise<CaptionSet> {
  const directory = resolve(baseDirectory, config.directory);
  const imageFolder =
    config.images === undefined
      ? await requireFile(directory, IMAGE_FOLDERS, "image folder", UNPACK)
      : resolve(directory, config.images);
  return config.split === "karpathy"
    ? readKarpathy(directory, imageFolder, config)
    : readListed(directory, imageFolder, config, config.split);
}

/** Opens Flickr30k; every image is a class of its own, so the split rule decides how many there are. */
export async function openFlickr30k(config: Flickr30kConfig, context: OpenContext): Promise<Corpus> {
  return captionCorpus(await readFlickr30k(config, context.baseDirectory), config, context);
}
