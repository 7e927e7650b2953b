import { resolve } from "node:path";
import { captionCorpus } from "../captions/caption-corpus.js";
import { captionSet, type CaptionSet, type CaptionSource } from "../captions/caption-set.js";
import { parseKarpathyFile } from "../captions/json-files.js";
import { readCorpusFile } from "../captions/records.js";
import { assignListedSplits, assignRandomSplits } from "../captions/splits.js";
import type { MscocoConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { DatasetError } from "../errors.js";
import { requireFile } from "../splits/find-file.js";
import { readSplitLists } from "../splits/read-lists.js";
import { annotationYear, readAnnotations } from "./annotations.js";
import { cocoNumber, locateImages } from "./image-folders.js";

const KARPATHY = ["dataset_coco.json", "annotations/dataset_coco.json", "karpathy/dataset_coco.json"];
const TWO_BRANCH = { validation: ["coco_val.txt", "val.txt"], test: ["coco_test.txt", "test.txt"] };
/** Images of one fold of the 1K protocol. */
const FOLD = 1000;
const PAPER_SIZES = { validation: 5000, test: 5000 };

function firstCaptions(source: CaptionSource, most: number | undefined): CaptionSource {
  if (most === undefined) return source;
  const counts = new Map<string, number>();
  const records = source.records.filter(({ image }) => {
    const count = (counts.get(image) ?? 0) + 1;
    counts.set(image, count);
    return count <= most;
  });
  return { ...source, records };
}

async function readKarpathy(directory: string, config: MscocoConfig): Promise<CaptionSource[]> {
  const remedy = "put Karpathy's COCO file there or correct the directory";
  const file = await requireFile(directory, KARPATHY, "Karpathy file", remedy);
  const parsed = parseKarpathyFile(file, await readCorpusFile(file), config.restval);
  const records = await locateImages(directory, parsed.records);
  return [{ ...parsed, records, imageFolder: directory }];
}

function unsplit(sources: readonly CaptionSource[]): CaptionSource[] {
  return sources.map((source) => ({
    ...source,
    records: source.records.map(({ image, caption, record }) => ({ image, caption, record })),
  }));
}

function nameOf(config: MscocoConfig, year: string): string {
  const { split, seed, sizes, restval, captionsPerImage } = config;
  const usual = sizes.validation === PAPER_SIZES.validation && sizes.test === PAPER_SIZES.test;
  const rule = {
    karpathy: restval === "skip" ? "karpathy-without-restval" : "karpathy",
    official: year,
    "two-branch": "two-branch",
    random: `random-seed${seed}${usual ? "" : `-${sizes.validation}-${sizes.test}`}`,
  }[split];
  return `mscoco-${rule}${captionsPerImage === undefined ? "" : `-${captionsPerImage}captions`}`;
}

async function readSources(directory: string, config: MscocoConfig) {
  const karpathy = config.split === "karpathy";
  const year = karpathy ? "2014" : await annotationYear(directory, config.year);
  const all = await (karpathy ? readKarpathy(directory, config) : readAnnotations(directory, year));
  const sources = all.map((source) => firstCaptions(source, config.captionsPerImage));
  const told = karpathy || config.split === "official";
  return { name: nameOf(config, year), sources: told ? sources : unsplit(sources) };
}

function checkSizes({ sizes: { validation, test } }: MscocoConfig, images: number): void {
  if (validation + test < images) return;
  throw new DatasetError(
    "OPTION",
    `corpus.sizes: ${validation} + ${test} held-out images leave none of ${images} to train on; take fewer`,
    { validation, test, images },
  );
}

/**
 * Reads and validates MSCOCO captions: COCO's own JSON of 2014 or 2017, or Karpathy's. The split rule is part
 * of the corpus's name. `random` pools train and val and draws by seed, as paper A's code does with MATLAB's
 * generator: sizes agree with it, members do not. Errors: `FILE_MISSING`, `FILE_FORMAT`, or one error that
 * lists every problem.
 */
export async function readMscoco(config: MscocoConfig, baseDirectory = process.cwd()): Promise<CaptionSet> {
  const directory = resolve(baseDirectory, config.directory);
  const { name, sources } = await readSources(directory, config);
  const lists =
    config.split === "two-branch" ? await readSplitLists(directory, TWO_BRANCH, config.lists) : [];
  return captionSet(name, sources, config.problems, (images) => {
    if (config.split === "random") {
      checkSizes(config, images.length);
      assignRandomSplits(images, { ...config.sizes, seed: config.seed }, cocoNumber);
      return [];
    }
    if (config.split !== "two-branch") return [];
    const rest = lists.some(({ split }) => split === "train") ? {} : { rest: "train" };
    return assignListedSplits(images, lists, { keyOf: cocoNumber, ...rest });
  });
}

/**
 * Opens MSCOCO; every image is a class of its own. A test split of 2,000 or more has folds `test-fold1`, ...
 * too.
 */
export async function openMscoco(config: MscocoConfig, context: OpenContext): Promise<Corpus> {
  const read = await readMscoco(config, context.baseDirectory);
  return captionCorpus(read, config, context, { split: "test", size: FOLD });
}
