import { join } from "node:path";
import type { Problem } from "../captions/problems.js";
import { readCorpusFile } from "../captions/records.js";
import { findFile, requireFile } from "../splits/find-file.js";
import type { SplitName } from "../splits/read-lists.js";
import { openNpy, type NpyFile } from "./npy.js";

const FILE_NAMES: Readonly<Record<SplitName, string>> = { train: "train", validation: "dev", test: "test" };
/** Images whose rows are compared to tell the two layouts apart. */
const PROBED_GROUPS = 16;

/** One split of a folder of precomputed features. */
export interface PrecomputedSplit {
  readonly split: SplitName;
  readonly features: NpyFile;
  /** Rows of the file for one image: 1, or as many as it has captions where every caption brings its own. */
  readonly rowStep: number;
  readonly names: readonly string[];
  /** Captions of each image, equally many. */
  readonly captions: readonly (readonly string[])[];
  readonly problems: readonly Problem[];
}

interface Found {
  readonly file: string;
  readonly lines: readonly string[];
}

function emptyCaptions({ file, lines }: Found): Problem[] {
  return lines.flatMap((line, index) =>
    line.trim() === ""
      ? [
          {
            code: "CAPTION_EMPTY" as const,
            file,
            record: `line ${index + 1}`,
            message: "the caption is empty; write one: its line number tells its image",
          },
        ]
      : [],
  );
}

async function readLines(file: string): Promise<string[]> {
  const lines = (await readCorpusFile(file)).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** True where the rows of the first groups are equal: then `size` rows belong to one image. */
async function rowsRepeat(features: NpyFile, size: number): Promise<boolean> {
  const groups = Math.min(PROBED_GROUPS, Math.floor(features.rows / size));
  const { rowSize } = features;
  const values = await features.read(0, groups * size);
  const isEqual = (row: number, other: number) =>
    values
      .subarray(row * rowSize, (row + 1) * rowSize)
      .every((value, place) => value === values[other * rowSize + place]);
  for (let group = 0; group < groups; group++)
    for (let member = 1; member < size; member++)
      if (!isEqual(group * size, group * size + member)) return false;
  return groups > 0;
}

const CAPTIONS_PER_IMAGE = 5;

/**
 * How rows and captions belong together (VSE++'s `im_div`): one row an image, with equally many captions
 * each, or one row a caption, five of which repeat their image.
 */
async function layoutOf(
  features: NpyFile,
  captions: number,
): Promise<{ rowStep: number; perImage: number } | undefined> {
  if (captions === 0 || features.rows === 0 || captions % features.rows !== 0) return undefined;
  if (captions !== features.rows) return { rowStep: 1, perImage: captions / features.rows };
  const repeats = captions % CAPTIONS_PER_IMAGE === 0 && (await rowsRepeat(features, CAPTIONS_PER_IMAGE));
  return repeats
    ? { rowStep: CAPTIONS_PER_IMAGE, perImage: CAPTIONS_PER_IMAGE }
    : { rowStep: 1, perImage: 1 };
}

async function namesOf(directory: string, base: string, images: number, perImage: number): Promise<string[]> {
  const usual = Array.from({ length: images }, (_, index) => `${base}/${index}`);
  const file = await findFile(directory, [`${base}_ids.txt`]);
  if (file === undefined) return usual;
  const ids = await readLines(file);
  if (ids.length === images) return ids.map((id) => `${base}/${id.trim()}`);
  if (ids.length === images * perImage)
    return usual.map((_, index) => `${base}/${(ids[index * perImage] as string).trim()}`);
  return usual;
}

async function assemble(
  directory: string,
  split: SplitName,
  found: Found,
  features: NpyFile,
): Promise<PrecomputedSplit> {
  const layout = await layoutOf(features, found.lines.length);
  const problems = emptyCaptions(found);
  if (layout === undefined)
    problems.push({
      code: "FEATURES_MISMATCH",
      file: found.file,
      message:
        `${found.lines.length} captions for ${features.rows} rows of features, expected as many or a multiple; ` +
        `take both files of one download`,
    });
  const { rowStep, perImage } = layout ?? { rowStep: 1, perImage: 1 };
  const images = layout === undefined ? 0 : features.rows / rowStep;
  const captions = Array.from({ length: images }, (_, image) =>
    found.lines.slice(image * perImage, (image + 1) * perImage),
  );
  const names = await namesOf(directory, FILE_NAMES[split], images, perImage);
  return { split, features, rowStep, names, captions, problems };
}

/**
 * Opens the captions and features of one split; undefined where it has no captions file. The caller closes
 * `features`. Errors: `FILE_MISSING`, `FILE_FORMAT`; other faults are listed in `problems`.
 */
export async function openPrecomputedSplit(
  directory: string,
  split: SplitName,
): Promise<PrecomputedSplit | undefined> {
  const base = FILE_NAMES[split];
  const names = [`${base}_caps.txt`];
  const remedy = "unpack the VSE++ or SCAN features there or correct the directory";
  const file =
    split === "train"
      ? await requireFile(directory, names, "captions", remedy)
      : await findFile(directory, names);
  if (file === undefined) return undefined;
  const found = { file, lines: await readLines(file) };
  const features = await openNpy(join(directory, `${base}_ims.npy`));
  try {
    return await assemble(directory, split, found, features);
  } catch (error) {
    await features.close();
    throw error;
  }
}
