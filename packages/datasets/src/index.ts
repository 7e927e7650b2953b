export { DatasetError, type DatasetErrorCode } from "./errors.js";
export {
  augmentationSchema,
  captionsSchema,
  corpusSchema,
  emojiSchema,
  flickr8kSchema,
  imageSchema,
  samplingSchema,
  textSchema,
  wordVectorsSchema,
  type CaptionsConfig,
  type CorpusConfig,
  type CorpusInput,
  type EmojiConfig,
  type Flickr8kConfig,
  type ImageConfig,
  type SamplingConfig,
  type TextConfig,
} from "./config.js";
export type { Corpus, OpenContext } from "./corpus.js";
export { openCorpus } from "./open-corpus.js";
export type { CorpusReport } from "./captions/caption-set.js";
export { describeProblem, type Problem } from "./captions/problems.js";
export { readFlickr8k } from "./flickr8k/open-flickr8k.js";
export { readCaptionedFolder } from "./captioned-folder/open-captioned-folder.js";
export { openEmoji, type EmojiCorpus, type EmojiOptions } from "./emoji/corpus.js";
export type {
  Batch,
  BatchOptions,
  EvaluationData,
  ImageBatch,
  Picture,
  TextBatch,
  TrainingData,
} from "./loader/types.js";
export { createTrainingData, type SamplingOptions, type TrainingSource } from "./loader/training-data.js";
export type { Members, Split } from "./loader/split.js";
export { featureImages, fileImages, memoryImages, type ImageRows } from "./loader/image-rows.js";
export { packTexts, vectorTexts, wordTexts, type EncodedTexts, type TextRows } from "./loader/text-rows.js";
export { centreBoxes, paperCrop, type CropAugmentation } from "./image/boxes.js";
export { channelMean } from "./image/channel-mean.js";
export { decodeImage, type DecodeOptions, type Fit } from "./image/decode.js";
export { decodedImages, type DecodedImagesOptions } from "./image/decoded-images.js";
export {
  openPixelCache,
  type PixelCache,
  type PixelCacheOptions,
  type Progress,
} from "./image/pixel-cache.js";
export { readFeatures } from "./features/read-features.js";
export { writeFeatures, type FeatureWriter } from "./features/write-features.js";
export { tokenize, type TokenizerOptions } from "./text/tokenizer.js";
export {
  buildVocabulary,
  checkCoverage,
  checkSameVocabulary,
  parseVocabulary,
  vocabularyOf,
  type Vocabulary,
  type VocabularyFile,
  type VocabularyOptions,
} from "./text/vocabulary.js";
export type { WantedWords, WordVectors } from "./text/vector-file.js";
export { readWordVectors, type WordVectorFormat } from "./text/word-vectors.js";
export { lookupTable, type LookupTable } from "./text/lookup-table.js";
