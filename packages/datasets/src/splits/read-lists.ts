import { resolve } from "node:path";
import { readCorpusFile } from "../captions/records.js";
import type { SplitList } from "../captions/splits.js";
import { parseNameList } from "../captions/text-files.js";
import { requireFile } from "./find-file.js";

/** Splits in the order in which they are read. */
export const SPLITS = ["train", "validation", "test"] as const;
export type SplitName = (typeof SPLITS)[number];

/** Where the list of a split lies: a file of one's own, or names to look for in the corpus folder. */
export type ListPlaces = { readonly [split in SplitName]?: readonly string[] | undefined };

/** Files that replace the usual lists. */
export type ListFiles = { readonly [split in SplitName]?: string | undefined };

/**
 * Reads the image lists of a split rule: for each split the given file, else the first usual one in
 * `directory`. Errors: `FILE_MISSING`, naming what was looked for.
 */
export async function readSplitLists(
  directory: string,
  places: ListPlaces,
  files: ListFiles = {},
): Promise<SplitList[]> {
  const lists: SplitList[] = [];
  for (const split of SPLITS) {
    const own = files[split];
    const usual = places[split];
    if (own === undefined && usual === undefined) continue;
    const remedy = `put it there, or name the file in corpus.lists.${split}`;
    const file =
      own === undefined
        ? await requireFile(directory, usual ?? [], `list of ${split} images`, remedy)
        : resolve(directory, own);
    lists.push({ split, file, names: parseNameList(await readCorpusFile(file)) });
  }
  return lists;
}
