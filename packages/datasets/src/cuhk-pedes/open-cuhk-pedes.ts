import { join, resolve } from "node:path";
import { captionCorpus } from "../captions/caption-corpus.js";
import { captionSet, type CaptionSet, type CaptionSource } from "../captions/caption-set.js";
import { readCorpusFile } from "../captions/records.js";
import type { SplitList } from "../captions/splits.js";
import { parseNameList } from "../captions/text-files.js";
import type { Problem } from "../captions/problems.js";
import type { CuhkPedesConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { DatasetError } from "../errors.js";
import { requireFile } from "../splits/find-file.js";
import { SPLITS } from "../splits/read-lists.js";
import { parseCuhkPedes } from "./annotations.js";
import { sharedIdentities } from "./check-identities.js";
import { withoutMissingRoots } from "./image-roots.js";

const ANNOTATIONS = ["reid_raw.json", "CUHK-PEDES.json", "caption_all.json"];

async function readSource(directory: string, config: CuhkPedesConfig): Promise<CaptionSource> {
  const file =
    config.annotations === undefined
      ? await requireFile(
          directory,
          ANNOTATIONS,
          "annotations",
          "ask for CUHK-PEDES and unpack it there, or correct the directory",
        )
      : resolve(directory, config.annotations);
  return { ...parseCuhkPedes(file, await readCorpusFile(file)), imageFolder: join(directory, "imgs") };
}

function checkSplitsAreKnown({ file, records }: CaptionSource, config: CuhkPedesConfig): void {
  const untold = records.filter(({ split }) => split === undefined).length;
  if (config.lists !== undefined && untold < records.length)
    throw new DatasetError("OPTION", `corpus.lists: ${file} tells the splits already; leave it out`, {
      file,
    });
  if (config.lists === undefined && untold > 0)
    throw new DatasetError(
      "OPTION",
      `${file}: ${untold} of ${records.length} captions are of no split, as in caption_all.json, whose order alone would ` +
        `have to decide who trains. Use reid_raw.json, or give corpus.lists: files of image paths or person ids`,
      { file },
    );
}

async function readLists(
  directory: string,
  { lists = { train: "" } }: CuhkPedesConfig,
): Promise<SplitList[]> {
  const read: SplitList[] = [];
  for (const split of SPLITS) {
    const name = lists[split];
    if (name === undefined || name === "") continue;
    const file = resolve(directory, name);
    read.push({ split, file, names: parseNameList(await readCorpusFile(file)) });
  }
  return read;
}

type Assignable = { name: string; split?: string; identity?: number };

/** Lines are image paths, as the annotations have them, or the numbers of persons. */
function assignLists(images: readonly Assignable[], lists: readonly SplitList[]): Problem[] {
  const problems: Problem[] = [];
  const found = new Map<string, Assignable[]>();
  const add = (key: string, image: Assignable) => {
    const known = found.get(key);
    if (known) known.push(image);
    else found.set(key, [image]);
  };
  for (const image of images) add(image.name, image);
  for (const image of images) add(String(image.identity), image);
  for (const { split, file, names } of lists)
    for (const { name, record } of names) {
      const chosen = found.get(name.replace(/^imgs\//, "")) ?? [];
      const report = (message: string) => problems.push({ code: "CORPUS_INVALID", file, record, message });
      if (chosen.length === 0) report(`${name} is neither an image nor a person; correct or delete the line`);
      else if (chosen.some((image) => image.split !== undefined))
        report(`${name} is listed already; keep it in one place`);
      for (const image of chosen) image.split ??= split;
    }
  return problems;
}

/**
 * Reads and validates CUHK-PEDES. Missing image folders are listed, one problem each. Errors: `OPTION` for
 * annotations without splits, `FILE_MISSING`, `FILE_FORMAT`, or one error that lists every problem.
 */
export async function readCuhkPedes(
  config: CuhkPedesConfig,
  baseDirectory = process.cwd(),
): Promise<CaptionSet> {
  const directory = resolve(baseDirectory, config.directory);
  const source = await readSource(directory, config);
  checkSplitsAreKnown(source, config);
  const lists = await readLists(directory, config);
  const name = config.lists === undefined ? "cuhk-pedes" : "cuhk-pedes-lists";
  return captionSet(name, [await withoutMissingRoots(source)], config.problems, (images) => [
    ...assignLists(images, lists),
    ...sharedIdentities(source.file, images),
  ]);
}

/**
 * Opens CUHK-PEDES: a class is a person, an image trains with its own captions, and in evaluation every image
 * of the person is a correct match.
 */
export async function openCuhkPedes(config: CuhkPedesConfig, context: OpenContext): Promise<Corpus> {
  return captionCorpus(await readCuhkPedes(config, context.baseDirectory), config, context);
}
