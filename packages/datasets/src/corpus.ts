import type { CorpusReport } from "./captions/caption-set.js";
import type { Progress } from "./image/pixel-cache.js";
import type { Multiply } from "./linear-algebra/multiply.js";
import type { ImageRows } from "./loader/image-rows.js";
import type { TextRows } from "./loader/text-rows.js";
import type { SamplingOptions } from "./loader/training-data.js";
import type { TrainingData } from "./loader/types.js";
import type { LookupTable } from "./text/lookup-table.js";
import type { Vocabulary } from "./text/vocabulary.js";

/** Where a corpus finds and keeps things. */
export interface OpenContext {
  /** Folder for decoded images and the like; made when missing. */
  readonly cacheDirectory: string;
  /** Folder that relative paths of the config start from; default: the working directory. */
  readonly baseDirectory?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Multiplies the large matrices behind Fisher vectors; default: plain TypeScript, for small corpora. */
  readonly multiply?: Multiply;
}

/** A validated corpus; images are decoded (once) when training data is first asked for. */
export interface Corpus {
  readonly name: string;
  /** Counts and oddities, known before anything runs. */
  readonly report: CorpusReport;
  readonly vocabulary: Vocabulary;
  /** Names of the images in row order: those of {@link openImages} and of precomputed features. */
  readonly imageNames: readonly string[];
  /** Captions of all splits in row order: the rows of text vectors. */
  readonly captions: readonly string[];
  /** Rows of {@link captions} that train: what tf-idf and the like may be fitted to. */
  readonly trainingCaptions: Int32Array;
  /** Initial word lookup from the configured word vectors; undefined where none are configured. */
  readonly lookup?: LookupTable;
  /** Decoded images of all splits in row order, for running a frozen trunk over them. */
  openImages(): Promise<ImageRows>;
  /** Mean R, G and B in 0 .. 255 over the training images. */
  channelMean(): Promise<[number, number, number]>;
  /**
   * Training and evaluation batches; `sampling` overrides the config's. `texts` takes the place of word ids: a row for
   * each of {@link captions}, for example their tf-idf or mean word vectors. `images` takes the place of the pictures:
   * a row for each of {@link imageNames}, for example what a frozen trunk makes of them.
   */
  trainingData(options?: {
    readonly sampling?: SamplingOptions;
    readonly texts?: TextRows;
    readonly images?: ImageRows;
  }): Promise<TrainingData>;
  /** File of what configured text vectors were fitted to, to be kept with a model; undefined for word ids. */
  fittedTexts(): Promise<string | undefined>;
  /** Releases files. */
  close(): Promise<void>;
}
