export { DatasetError, type DatasetErrorCode } from "./errors.js";
export {
  augmentationSchema,
  captionsSchema,
  corpusSchema,
  cuhkPedesSchema,
  emojiSchema,
  flickr30kEntitiesSchema,
  flickr30kSchema,
  flickr8kSchema,
  imageSchema,
  mscocoSchema,
  precomputedSchema,
  samplingSchema,
  textSchema,
  textVectorsSchema,
  wordVectorsSchema,
  type CaptionsConfig,
  type CorpusConfig,
  type CorpusInput,
  type CuhkPedesConfig,
  type EmojiConfig,
  type Flickr30kConfig,
  type Flickr30kEntitiesConfig,
  type Flickr8kConfig,
  type ImageConfig,
  type MscocoConfig,
  type PrecomputedConfig,
  type SamplingConfig,
  type TextConfig,
  type TextVectorsConfig,
} from "./config.js";
export type { Corpus, OpenContext } from "./corpus.js";
export { openCorpus } from "./open-corpus.js";
export type { CorpusReport } from "./captions/caption-set.js";
export { describeProblem, type Problem } from "./captions/problems.js";
export { readFlickr8k } from "./flickr8k/open-flickr8k.js";
export { readFlickr30k } from "./flickr30k/open-flickr30k.js";
export { readMscoco } from "./mscoco/open-mscoco.js";
export { readCuhkPedes } from "./cuhk-pedes/open-cuhk-pedes.js";
export {
  readFlickr30kEntities,
  type EntitiesImage,
  type EntitiesSet,
} from "./flickr30k-entities/read-flickr30k-entities.js";
export {
  chainsOf,
  dropReasons,
  type LocatedPhrase,
  type PhraseCounts,
} from "./flickr30k-entities/phrases.js";
export type { MarkedPhrase, Sentence } from "./flickr30k-entities/sentences.js";
export {
  bestOverlap,
  boxArea,
  boxAt,
  intersectionOverUnion,
  unionBox,
  type PixelBox,
} from "./flickr30k-entities/pixel-box.js";
export { openProposals, type Proposals } from "./flickr30k-entities/proposals.js";
export type { ProposalForm } from "./flickr30k-entities/proposal-boxes.js";
export { gridProposals, type GridOptions } from "./flickr30k-entities/grid-proposals.js";
export {
  openNpy,
  parseNpy,
  toFloat32,
  type ArrayData,
  type NpyFile,
  type NumericArray,
} from "./arrays/npy.js";
export { parseMat, readMat, type MatFile, type Matrix } from "./arrays/mat.js";
export {
  fitTfIdf,
  parseTfIdf,
  type TfIdf,
  type TfIdfFile,
  type TfIdfOptions,
} from "./text-features/tf-idf.js";
export { meanWordVector, type MeanVectorOptions } from "./text-features/mean-vector.js";
export { englishStopWords } from "./text-features/stop-words.js";
export {
  captionVectors,
  transformText,
  transformTexts,
  type TextTransform,
} from "./text-features/text-transform.js";
export { fisherDimension, fisherGradient, writeFisherVector } from "./text-features/fisher-vector.js";
export {
  textVectorRows,
  type OpenedTextVectors,
  type TextVectorsSource,
} from "./text-features/text-vectors.js";
export { fitHybridMixture, type HybridMixture } from "./text-features/hybrid-mixture.js";
export { independentComponents, type IndependentComponents } from "./text-features/independent-components.js";
export { plainMultiply, type Multiply, type Product } from "./linear-algebra/multiply.js";
export {
  inverseCholesky,
  orthonormalised,
  randomColumns,
  type ColumnBlock,
  type ColumnBlocks,
} from "./linear-algebra/column-blocks.js";
export { symmetricEigen, type EigenDecomposition } from "./linear-algebra/symmetric-eigen.js";
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
export type { Preprocessing } from "./loader/preprocessing.js";
export { newImages, newTexts } from "./loader/new-data.js";
export type { Members, Split } from "./loader/split.js";
export { featureImages, fileImages, memoryImages, type ImageRows } from "./loader/image-rows.js";
export { packTexts, vectorTexts, wordTexts, type EncodedTexts, type TextRows } from "./loader/text-rows.js";
export { centreBoxes, paperCrop, type CropAugmentation } from "./image/boxes.js";
export { channelMean } from "./image/channel-mean.js";
export { decodeImage, LARGEST_PHOTO, type DecodeOptions, type Fit } from "./image/decode.js";
export { decodedImages, type DecodedImagesOptions } from "./image/decoded-images.js";
export {
  openPixelCache,
  type PixelCache,
  type PixelCacheOptions,
  type Progress,
} from "./image/pixel-cache.js";
export { readFeatures } from "./features/read-features.js";
export { writeFeatures, type FeatureWriter } from "./features/write-features.js";
export { separators, tokenize, type TokenizerOptions } from "./text/tokenizer.js";
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
