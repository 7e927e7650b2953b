import { basename, resolve } from "node:path";
import { assembleCorpus } from "../assemble-corpus.js";
import type { CorpusReport } from "../captions/caption-set.js";
import { problemsError } from "../captions/problems.js";
import type { PrecomputedConfig } from "../config.js";
import type { Corpus, OpenContext } from "../corpus.js";
import { DatasetError } from "../errors.js";
import type { ImageRows } from "../loader/image-rows.js";
import type { Split } from "../loader/split.js";
import { SPLITS } from "../splits/read-lists.js";
import { npyImages } from "./npy-images.js";
import { openPrecomputedSplit, type PrecomputedSplit } from "./precomputed-split.js";

async function openSplits(directory: string): Promise<PrecomputedSplit[]> {
  const opened: PrecomputedSplit[] = [];
  try {
    for (const split of SPLITS) {
      const found = await openPrecomputedSplit(directory, split);
      if (found) opened.push(found);
    }
    return opened;
  } catch (error) {
    await closeSplits(opened);
    throw error;
  }
}

async function closeSplits(splits: readonly PrecomputedSplit[]): Promise<void> {
  for (const { features } of splits) await features.close();
}

/** VSE++ looks at the first 5,000 captions of the dev split only. */
function limited(split: PrecomputedSplit, captions: number | undefined): PrecomputedSplit {
  if (captions === undefined || split.split !== "validation") return split;
  const perImage = split.captions[0]?.length ?? 1;
  const images = Math.min(split.names.length, Math.ceil(captions / perImage));
  return { ...split, names: split.names.slice(0, images), captions: split.captions.slice(0, images) };
}

function reportOf(name: string, splits: readonly PrecomputedSplit[]): CorpusReport {
  const counts = splits.map(({ split, names, captions }) => {
    const sum = captions.reduce((total, { length }) => total + length, 0);
    return [split, { images: names.length, captions: sum }] as const;
  });
  const total = (what: "images" | "captions") => counts.reduce((sum, [, count]) => sum + count[what], 0);
  return {
    name,
    images: total("images"),
    captions: total("captions"),
    splits: Object.fromEntries(counts),
    skipped: [],
    warnings: [],
  };
}

/** The splits lie one after another, each image followed by its captions in caption rows. */
function splitsOf(name: string, splits: readonly PrecomputedSplit[]): Map<string, Split> {
  let firstImage = 0;
  let firstText = 0;
  return new Map(
    splits.map(({ split, captions }) => {
      const labels = Int32Array.from(captions.flatMap((own, image) => own.map(() => image)));
      const images = Int32Array.from(captions.keys());
      const [imageStart, textStart] = [firstImage, firstText];
      firstImage += images.length;
      firstText += labels.length;
      return [
        split,
        {
          name: `${name}/${split}`,
          images: { rows: images.map((row) => row + imageStart), labels: images },
          texts: { rows: labels.map((_, index) => index + textStart), labels },
        },
      ] as const;
    }),
  );
}

function checkSplits(name: string, splits: readonly PrecomputedSplit[]): void {
  const problems = splits.flatMap((split) => split.problems);
  if (problems.length > 0) throw problemsError(name, problems);
}

function noPixels(): never {
  throw new DatasetError(
    "OPTION",
    "precomputed features: the folder holds no pictures; only features are known",
  );
}

async function assemble(
  name: string,
  splits: readonly PrecomputedSplit[],
  config: PrecomputedConfig,
  context: OpenContext,
): Promise<Corpus> {
  const parts = splits.map(({ features, rowStep, names }) => ({ features, rowStep, images: names.length }));
  const images: ImageRows = npyImages(parts, config.regions);
  const bySplit = splitsOf(name, splits);
  const { train, ...evaluation } = Object.fromEntries(bySplit);
  const { text, sampling } = config;
  const corpus = await assembleCorpus(
    {
      report: reportOf(name, splits),
      classes: train?.images.rows.length ?? 0,
      imageNames: splits.flatMap(({ names }) => names),
      captions: splits.flatMap(({ captions }) => captions.flat()),
      train: train as Split,
      evaluation,
      openImages: async () => images,
      picture: async () => noPixels(),
    },
    { text, sampling, image: { crop: "none", evaluationArea: 1 } },
    context,
  );
  return { ...corpus, close: async () => images.close() };
}

function nameOf({ name, validationCaptions }: PrecomputedConfig, directory: string): string {
  const cut = validationCaptions === undefined ? "" : `-dev${validationCaptions}`;
  return `${name ?? basename(directory)}${cut}`;
}

/**
 * Opens a folder of VSE++ or SCAN features, `{train,dev,test}_caps.txt` beside `{train,dev,test}_ims.npy`.
 * Features are read from disk batch by batch. Errors: `FILE_MISSING`, `FILE_FORMAT`, `FEATURES_MISMATCH`, or
 * one error that lists every problem.
 */
export async function openPrecomputed(config: PrecomputedConfig, context: OpenContext): Promise<Corpus> {
  const directory = resolve(context.baseDirectory ?? process.cwd(), config.directory);
  const splits = await openSplits(directory);
  try {
    const name = nameOf(config, directory);
    checkSplits(name, splits);
    const kept = splits.map((split) => limited(split, config.validationCaptions));
    return await assemble(name, kept, config, context);
  } catch (error) {
    await closeSplits(splits);
    throw error;
  }
}
