import type { Preprocessing } from "./preprocessing.js";

/**
 * One training batch of B rows; row i's image and text belong together. With neighbours each row brings several: images
 * i * a .. i * a + a - 1 and texts i * b .. i * b + b - 1 belong to row i, and the first of each form its pair.
 */
export interface Batch {
  /** u8 (B, H, W, 3), or f32 [B, D] for the features path. */
  readonly image: Uint8Array | Float32Array;
  /** f32 [B, 5]: top, left, height, width in source pixels, flip 0 or 1; absent: the whole picture. */
  readonly box?: Float32Array;
  /** i32 [B, L] word ids with 0 for pads, or f32 [B, D] for the vector path. */
  readonly text: Int32Array | Float32Array;
  /** Classes of the rows, i32 [B] each. */
  readonly imageLabel: Int32Array;
  readonly textLabel: Int32Array;
  /** Captions [K, L] to mine hard negatives from, with their classes [K]. */
  readonly candidateText?: Int32Array | Float32Array;
  readonly candidateLabel?: Int32Array;
}

/** Which batches of which epoch the trainer asks for. */
export interface BatchOptions {
  readonly epoch: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Batches of the epoch to leave out at its beginning: resume. */
  readonly skip?: number;
  /** Images and texts that each row brings; default: 1 and 1. */
  readonly neighbours?: { readonly images: number; readonly texts: number };
  /** Candidate captions per batch. */
  readonly candidates?: number;
  readonly signal?: AbortSignal;
}

/** How the pictures of a split are read for evaluation. */
export interface ImageBatchOptions {
  /** Mirror every picture. */
  readonly flip?: boolean;
  readonly signal?: AbortSignal;
}

/** How the captions of a split are read for evaluation. */
export interface TextBatchOptions {
  /** Where the words lie between left (0) and right (1) of the caption's positions. */
  readonly position?: number;
  readonly signal?: AbortSignal;
}

/** Rows of an evaluation batch; with `count`, only the first `count` are real and the rest is padding. */
export interface ImageBatch extends Pick<Batch, "image" | "box"> {
  readonly count?: number;
}

/** As {@link ImageBatch}, for texts. */
export interface TextBatch extends Pick<Batch, "text"> {
  readonly count?: number;
}

/** A part of the data that retrieval is measured on; equal labels match. */
export interface EvaluationData {
  /** Name of the split; travels with the results. */
  readonly name: string;
  readonly images: {
    readonly count: number;
    readonly labels: Int32Array;
    /** All pictures in order. */
    batches(batchSize: number, options?: ImageBatchOptions): AsyncIterable<ImageBatch>;
  };
  readonly texts: {
    readonly count: number;
    readonly labels: Int32Array;
    /** All captions in order. */
    batches(batchSize: number, options?: TextBatchOptions): AsyncIterable<TextBatch>;
  };
  /** Subsets of the images to be searched one by one, their results averaged (emoji: one per vendor). */
  readonly galleries?: readonly Gallery[];
}

/** A named subset of a split's images. */
export interface Gallery {
  readonly name: string;
  /** Indices of its images. */
  readonly images: Int32Array;
}

/** Training data; `batches` must be a pure function of (seed, epoch), with `skip` leaving out its beginning. */
export interface TrainingData {
  readonly classes: number;
  /** Words of the vocabulary, the pad id 0 not counted. */
  readonly vocabularySize: number;
  /** Words per caption after padding. */
  readonly length: number;
  /** (H, W, 3) of stored pictures or [D] of feature vectors; absent: the model's input size. */
  readonly imageShape?: readonly number[];
  /** Travels with the checkpoints, so that a trained model can read new photos and sentences. */
  readonly preprocessing?: Preprocessing;
  /** Whole batches of an epoch; the rows left over are dropped. */
  stepsPerEpoch(batchSize: number): number;
  /** The batches of one epoch. */
  batches(options: BatchOptions): AsyncIterable<Batch>;
  /** The rows of a split in order. Throws a typed error for a split that is not there. */
  evaluation(split: string): EvaluationData;
}
