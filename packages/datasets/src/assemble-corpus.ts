import { resolve } from "node:path";
import type { CorpusReport } from "./captions/caption-set.js";
import type { ImageConfig, SamplingConfig, TextConfig } from "./config.js";
import type { Corpus, OpenContext } from "./corpus.js";
import { DatasetError } from "./errors.js";
import type { DecodeOptions } from "./image/decode.js";
import type { Preprocessing } from "./loader/preprocessing.js";
import { readFeatures } from "./features/read-features.js";
import { channelMean } from "./image/channel-mean.js";
import type { ImageRows } from "./loader/image-rows.js";
import type { Split } from "./loader/split.js";
import { packTexts, wordTexts, type TextRows } from "./loader/text-rows.js";
import { createTrainingData, type SamplingOptions } from "./loader/training-data.js";
import type { Picture } from "./loader/types.js";
import { textVectorRows } from "./text-features/text-vectors.js";
import { prepareText } from "./text/prepare-text.js";
import type { Vocabulary } from "./text/vocabulary.js";

/** The parts of a config that every corpus has. */
export interface AssemblyConfig {
  readonly image: Pick<ImageConfig, "crop" | "evaluationArea">;
  readonly text: TextConfig;
  readonly sampling: SamplingConfig;
  readonly features?: string | undefined;
}

/** What a corpus consists of; splits refer to image rows and caption rows. */
export interface CorpusParts {
  readonly report: CorpusReport;
  readonly classes: number;
  readonly imageNames: readonly string[];
  readonly captions: readonly string[];
  readonly train: Split;
  readonly evaluation: Readonly<Record<string, Split>>;
  readonly openImages: () => Promise<ImageRows>;
  /** How photos are decoded; absent where the images are vectors. */
  readonly decoding?: DecodeOptions;
  /** Pixels for pictures of results where training sees features only. */
  readonly picture: (row: number) => Promise<Picture>;
}

function samplingOf({ image, text, sampling }: AssemblyConfig): SamplingOptions {
  const { alignment, wordDropout } = text;
  return { ...sampling, alignment, wordDropout, ...(image.crop !== "none" && { crop: image.crop }) };
}

/** Opens rows at the first call; a failed try may be repeated. */
function openOnce<T extends { close(): Promise<void> }>(open: () => Promise<T>) {
  let opened: Promise<T> | undefined;
  const get = () =>
    (opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
  return { get, close: async () => (await opened)?.close() };
}

function checkImages(images: ImageRows, count: number): ImageRows {
  if (images.count === count) return images;
  throw new DatasetError(
    "FEATURES_MISMATCH",
    `image features: expected ${count} rows, one an image, got ${images.count}; compute them for this corpus again`,
  );
}

function checkTexts(texts: TextRows, captions: number): TextRows {
  if (texts.count === captions) return texts;
  throw new DatasetError(
    "FEATURES_MISMATCH",
    `text vectors: expected ${captions} rows, one a caption, got ${texts.count}; compute them for this corpus again`,
  );
}

/** How new photos and sentences are read. Features given in place of pixels are a trunk's, which sees whole photos. */
function preprocessingOf(
  { decoding }: CorpusParts,
  { text, image, features }: AssemblyConfig,
  { words, lowerCase }: Vocabulary,
  given: { readonly images?: ImageRows; readonly texts?: TextRows },
): Preprocessing {
  const position = text.alignment === "random" ? 0.5 : 0;
  const readsPhotos = given.images !== undefined || features === undefined;
  const readsWords = given.texts === undefined && text.vectors === undefined;
  const area = given.images?.kind === "features" ? 1 : image.evaluationArea;
  return {
    ...(decoding && readsPhotos && { image: { ...decoding, area } }),
    ...(readsWords && { text: { length: text.length, position, lowerCase, words } }),
  };
}

/** Makes a {@link Corpus}: builds the vocabulary from the training captions, leaves images unopened. */
export async function assembleCorpus(
  parts: CorpusParts,
  config: AssemblyConfig,
  context: OpenContext,
): Promise<Corpus> {
  const { report, imageNames, captions, train, evaluation } = parts;
  const baseDirectory = context.baseDirectory ?? process.cwd();
  const captionsOf = (split: Split | undefined): readonly string[] =>
    Array.from(split?.texts.rows ?? [], (row) => captions[row] as string);
  const [training, validation] = [captionsOf(train), captionsOf(evaluation.validation)];
  const { cacheDirectory } = context;
  const sources = { training, validation, all: captions, baseDirectory, cacheDirectory };
  const { vocabulary, lookup } = await prepareText(config.text, sources);
  const pixels = openOnce(parts.openImages);
  const features = openOnce(() => readFeatures(resolve(baseDirectory, config.features ?? ""), imageNames));
  const wordRows = () =>
    wordTexts(packTexts(captions.map((caption) => vocabulary.encode(caption))), config.text.length);
  const { vectors } = config.text;
  const vectorRows = openOnce(async () => {
    if (vectors === undefined) return { rows: wordRows(), fitted: undefined, close: async () => undefined };
    return textVectorRows(vectors, config.text, { ...context, captions, training: train.texts.rows });
  });
  const usesFeatures = config.features !== undefined;
  return {
    name: report.name,
    report,
    vocabulary,
    imageNames,
    captions,
    trainingCaptions: train.texts.rows,
    ...(lookup && { lookup }),
    openImages: pixels.get,
    channelMean: async () => channelMean(await pixels.get(), train.images.rows),
    trainingData: async ({ sampling, texts, images } = {}) =>
      createTrainingData({
        images: images
          ? checkImages(images, imageNames.length)
          : await (usesFeatures ? features : pixels).get(),
        texts: texts ? checkTexts(texts, captions.length) : (await vectorRows.get()).rows,
        classes: parts.classes,
        vocabularySize: vocabulary.size,
        imageName: (row) => imageNames[row] as string,
        caption: (row) => captions[row] as string,
        evaluationArea: config.image.evaluationArea,
        preprocessing: preprocessingOf(parts, config, vocabulary, {
          ...(images && { images }),
          ...(texts && { texts }),
        }),
        ...((usesFeatures || images?.kind === "features") && { pixels: parts.picture }),
        train,
        evaluation: { ...evaluation, train },
        sampling: { ...samplingOf(config), ...sampling },
      }),
    fittedTexts: async () => (vectors === undefined ? undefined : (await vectorRows.get()).fitted),
    close: async () => {
      await pixels.close();
      await features.close();
      await vectorRows.close();
    },
  };
}
