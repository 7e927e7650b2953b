import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DatasetError, isSystemError } from "../errors.js";
import type { Problem } from "./problems.js";
import { describeProblem, problemsError } from "./problems.js";
import type { CaptionFile } from "./records.js";

/** One image with all its captions. */
export interface CaptionedImage {
  /** As the corpus names it. */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  /** Absent: in no split. */
  readonly split?: string;
  /** Images of equal identity show the same person or thing; absent: every image is its own. */
  readonly identity?: number;
  readonly captions: readonly string[];
}

/** What was found in a corpus before anything is trained. */
export interface CorpusReport {
  readonly name: string;
  readonly images: number;
  readonly captions: number;
  readonly splits: Readonly<Record<string, { readonly images: number; readonly captions: number }>>;
  /** Problems that records were left out for (with `problems: skip`). */
  readonly skipped: readonly Problem[];
  /** Oddities that change nothing. */
  readonly warnings: readonly string[];
}

/** A validated corpus of captioned images. */
export interface CaptionSet {
  readonly images: readonly CaptionedImage[];
  readonly report: CorpusReport;
}

/** What to do with faulty records: refuse the corpus, or leave them out. */
export type ProblemRule = "error" | "skip";

/** A caption file with the folder its image paths start from. */
export interface CaptionSource extends CaptionFile {
  readonly imageFolder: string;
}

type GroupedImage = { name: string; path: string; split?: string; identity?: number; captions: string[] };

/** Brings the captions of each image together, images in order of first mention. */
function groupByImage(sources: readonly CaptionSource[]): GroupedImage[] {
  const images = new Map<string, GroupedImage>();
  const oneFolder = new Set(sources.map(({ imageFolder }) => imageFolder)).size === 1;
  for (const { imageFolder, records } of sources)
    for (const { image, caption, split, identity } of records) {
      const path = join(imageFolder, image);
      const name = oneFolder ? image : `${basename(imageFolder)}/${image}`;
      const found = images.get(path);
      const known = { ...(split !== undefined && { split }), ...(identity !== undefined && { identity }) };
      if (found) found.captions.push(caption);
      else images.set(path, { name, path, ...known, captions: [caption] });
    }
  return [...images.values()];
}

async function filesIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    if (isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR")) return new Set();
    throw error;
  }
}

async function listFolders(images: readonly GroupedImage[], sources: readonly CaptionSource[]) {
  const folders = new Set([
    ...sources.map((source) => source.imageFolder),
    ...images.map(({ path }) => dirname(path)),
  ]);
  return new Map(
    await Promise.all([...folders].map(async (folder) => [folder, await filesIn(folder)] as const)),
  );
}

const IMAGE_FILE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

function withoutCaptions(
  listing: ReadonlyMap<string, ReadonlySet<string>>,
  images: readonly GroupedImage[],
): string[] {
  const captioned = new Set(images.map(({ path }) => path));
  return [...listing].flatMap(([folder, files]) =>
    [...files].filter((file) => IMAGE_FILE.test(file) && !captioned.has(join(folder, file))),
  );
}

function duplicateCaptions(images: readonly GroupedImage[]): number {
  return images.reduce((sum, { captions }) => sum + captions.length - new Set(captions).size, 0);
}

function findWarnings(
  listing: ReadonlyMap<string, ReadonlySet<string>>,
  images: readonly GroupedImage[],
): string[] {
  const warnings: string[] = [];
  const uncaptioned = withoutCaptions(listing, images);
  if (uncaptioned.length > 0)
    warnings.push(`${uncaptioned.length} images have no caption: ${uncaptioned.slice(0, 5).join(", ")}`);
  const repeated = duplicateCaptions(images);
  if (repeated > 0) warnings.push(`${repeated} captions repeat another one of their image`);
  const unlisted = images.filter(({ split }) => split === undefined).length;
  if (unlisted > 0) warnings.push(`${unlisted} captioned images are in no split`);
  return warnings;
}

function countSplits(
  images: readonly CaptionedImage[],
): Record<string, { images: number; captions: number }> {
  const splits: Record<string, { images: number; captions: number }> = {};
  for (const { split, captions } of images) {
    if (split === undefined) continue;
    const counts = (splits[split] ??= { images: 0, captions: 0 });
    counts.images++;
    counts.captions += captions.length;
  }
  return splits;
}

function missingImage({ path, name }: GroupedImage): Problem {
  return {
    code: "IMAGE_MISSING",
    file: path,
    message: `no such image, though captions name ${name}; restore the file or delete its captions`,
  };
}

/**
 * Validates a corpus: groups captions by image, looks every image up on disk, counts splits. Every problem is
 * listed in one error (`problems: "error"`), or its record is left out (`"skip"`). Errors: see {@link
 * problemsError}.
 */
export async function captionSet(
  name: string,
  sources: readonly CaptionSource[],
  rule: ProblemRule,
  assignSplits: (images: GroupedImage[]) => readonly Problem[] = () => [],
): Promise<CaptionSet> {
  const grouped = groupByImage(sources);
  const problems = sources.flatMap((source) => source.problems).concat(assignSplits(grouped));
  const listing = await listFolders(grouped, sources);
  const exists = ({ path }: GroupedImage) => listing.get(dirname(path))?.has(basename(path)) ?? false;
  problems.push(...grouped.filter((image) => !exists(image)).map(missingImage));
  if (problems.length > 0 && rule === "error") throw problemsError(name, problems);
  const images = grouped.filter(exists);
  if (!images.some(({ split }) => split === "train"))
    throw new DatasetError(
      "CORPUS_INVALID",
      `${name}: no usable training image${problems[0] ? `; first problem: ${describeProblem(problems[0])}` : ""}`,
      { problems },
    );
  const captions = images.reduce((sum, image) => sum + image.captions.length, 0);
  const warnings = findWarnings(listing, grouped);
  const splits = countSplits(images);
  return { images, report: { name, images: images.length, captions, splits, skipped: problems, warnings } };
}
