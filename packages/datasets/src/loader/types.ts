import type { Preprocessing } from "./preprocessing.js";

/** One training step's arrays; B rows (times the neighbours), `imageShape` and `length` as in {@link TrainingData}. */
export type Batch = {
  /** uint8 RGB [B, H, W, 3], or float32 features [B, D]. */
  image: Uint8Array | Float32Array;
  /** float32 [B, 5]: top, left, height, width in source pixels, flip 0 or 1. Present for pixels only. */
  box?: Float32Array;
  /** int32 word ids [B, length], 0 = pad, or float32 vectors [B, length]. */
  text: Int32Array | Float32Array;
  /** int32 [B]: classes of the images. */
  imageLabel: Int32Array;
  /** int32 [B]: classes of the texts. */
  textLabel: Int32Array;
  /** [K, length]: captions of classes that are not in the batch, for mining (paper A, stage II). */
  candidateText?: Int32Array | Float32Array;
  /** int32 [K]: classes of the candidates. */
  candidateLabel?: Int32Array;
};

/** Rows of a batch for each anchor. */
export interface Neighbours {
  readonly images: number;
  readonly texts: number;
}

/** What one epoch of batches is made of. The order is a pure function of (seed, epoch, batchSize). */
export interface BatchOptions {
  readonly epoch: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Steps to leave out at the start of the epoch: resuming gives the same bits as never stopping. */
  readonly skip?: number;
  /**
   * Images and texts that each anchor brings (paper B's neighbourhood sampling); default: 1 and 1. An anchor's rows lie
   * one after another, its pair first; where its group has too few members, they repeat.
   */
  readonly neighbours?: Neighbours;
  /** Mining candidates a batch; 0 or absent: none. */
  readonly candidates?: number;
  readonly signal?: AbortSignal;
}

/** Shuffled training batches and the evaluation sets that go with them. */
export interface TrainingData {
  readonly classes: number;
  readonly vocabularySize: number;
  /** Words a text (word ids), or the dimension of a text vector. */
  readonly length: number;
  readonly textKind: "words" | "vectors";
  /** Shape of one image: [H, W, 3] for pixels, [D] for features. */
  readonly imageShape: readonly number[];
  /** What a trained model must do with new photos and sentences. */
  readonly preprocessing?: Preprocessing;
  /** Names that {@link evaluation} takes. */
  readonly splits: readonly string[];
  stepsPerEpoch(batchSize: number): number;
  batches(options: BatchOptions): AsyncIterable<Batch>;
  evaluation(split: string): EvaluationData;
}

/** Rows of an evaluation batch: padded to the batch size, `count` of them are real. */
export interface ImageBatch {
  readonly image: Uint8Array | Float32Array;
  readonly box?: Float32Array;
  readonly count: number;
}

/** Rows of an evaluation batch: padded to the batch size, `count` of them are real. */
export interface TextBatch {
  readonly text: Int32Array | Float32Array;
  readonly count: number;
}

/** An uint8 RGB picture, row by row. */
export interface Picture {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** One evaluation set in a fixed order; equal labels are a correct match. */
export interface EvaluationData {
  /** Corpus, split rule and split; travels with results. */
  readonly name: string;
  /** Checksum over the members: results are comparable only where it is equal. */
  readonly fingerprint: string;
  readonly images: {
    readonly count: number;
    readonly labels: Int32Array;
    /** `flip` mirrors every image. */
    batches(batchSize: number, options?: { flip?: boolean; signal?: AbortSignal }): AsyncIterable<ImageBatch>;
    nameOf(index: number): string;
    /** The cached pixels, for pictures of results; absent where only features are known. */
    pixelsOf?(index: number): Promise<Picture>;
  };
  readonly texts: {
    readonly count: number;
    readonly labels: Int32Array;
    /** `position` in [0, 1] places the words between left (0) and right (1) aligned. */
    batches(
      batchSize: number,
      options?: { position?: number; signal?: AbortSignal },
    ): AsyncIterable<TextBatch>;
    captionOf(index: number): string;
  };
  /** Named subsets of the images, each a gallery of its own. */
  readonly galleries?: readonly { readonly name: string; readonly images: Int32Array }[];
}
