import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { createBuildContext } from "../layers/context.js";
import { declareImage, declareText, type DualPath, type ImageInput } from "../models/dual-path.js";
import type { EvaluationData } from "./data.js";
import { TrainingError } from "./errors.js";
import type { PairScore } from "../metrics/retrieval.js";
import { imageFeeds, padded, rowShape, textFeeds, type Feeds, type RowShape } from "./feeds.js";
import type { Views } from "./preprocessing.js";
import type { SourceSize } from "./stage-graph.js";
import { placedTexts, wholeTexts } from "./text-places.js";

/** Unit embeddings of one split, [count, dimension] row by row. */
export interface Embeddings {
  readonly images: Float32Array;
  readonly texts: Float32Array;
}

/** How an {@link Embedder} is compiled. */
export interface EmbedderOptions {
  readonly batchSize: number;
  /** (height, width) of stored pictures; default: the model's input size. */
  readonly source?: SourceSize;
  /** Looks at every place of the whole stored pictures and averages, instead of at one view of the input size. */
  readonly convolutional?: boolean | undefined;
  /** Store key of a parameter; default: its name. */
  readonly storeKey?: (name: string) => string;
}

const evaluationBuild = ({ storeKey }: EmbedderOptions) =>
  ({ mode: "evaluate", ...(storeKey ? { storeKey } : {}) }) as const;

/** Photos to embed: `count` rows in batches. */
export type ImageRows = Pick<EvaluationData["images"], "count" | "batches">;

/** Sentences to embed: `count` rows in batches. */
export type TextRows = Pick<EvaluationData["texts"], "count" | "batches">;

/** Views of a split added up, [count, dimension]. */
interface ViewSum {
  readonly rows: Float32Array;
  readonly unitViews: boolean;
}

/**
 * The two paths of a model compiled for inference with one batch size, on a Store that holds its parameters. The
 * last batch of a split is padded. Dispose it when done.
 */
export class Embedder {
  readonly dimension: number;
  /** Scores pairs of embeddings by the model's similarity network; undefined where their cosine counts. */
  readonly score: PairScore | undefined;
  readonly #batchSize: number;
  readonly #shape: RowShape;
  readonly #wholePictures: boolean;
  readonly #image: Program;
  readonly #text: Program;

  private constructor(model: DualPath, options: EmbedderOptions, image: Program, text: Program) {
    this.dimension = model.config.embedding;
    const build = evaluationBuild(options);
    this.score =
      model.config.similarity && ((a, b) => model.buildScores(createBuildContext(a.graph, build), a, b));
    this.#batchSize = options.batchSize;
    this.#shape = rowShape(model.config, options.source);
    this.#wholePictures = options.convolutional ?? false;
    this.#image = image;
    this.#text = text;
  }

  /**
   * Compiles both paths. Throws STORE_MISSING unless the Store holds the model's parameters, CONFIG where the
   * pictures have no places to look at, OUT_OF_MEMORY for a batch that does not fit, DISPOSED when the Store
   * is closed.
   */
  static async open(store: Store, model: DualPath, options: EmbedderOptions): Promise<Embedder> {
    const { batchSize } = options;
    const build = evaluationBuild(options);
    const imageGraph = new Graph("evaluate.image");
    const imageInput = evaluatedImage(imageGraph, model, options);
    const image = model.buildImage(createBuildContext(imageGraph, build), imageInput);
    const textGraph = new Graph("evaluate.text");
    const text = model.buildText(
      createBuildContext(textGraph, build),
      declareText(textGraph, model.config, batchSize),
    );
    const imageProgram = await store.compile(imageGraph, { taps: { projection: image.projection } });
    const textProgram = await store.compile(textGraph, { taps: { projection: text.projection } });
    return new Embedder(model, options, imageProgram, textProgram);
  }

  /** Adds the projections of all images, mirrored or not, to `sum`. */
  async #addImages(images: ImageRows, sum: ViewSum, flip: boolean, signal?: AbortSignal): Promise<void> {
    let row = 0;
    const options = { ...(flip ? { flip } : {}), ...(signal ? { signal } : {}) };
    for await (const batch of images.batches(this.#batchSize, options)) {
      const image = padded(batch.image, this.#batchSize * this.#shape.imageElements);
      const own = batch.box && padded(batch.box, this.#batchSize * 5);
      const box = own && (this.#wholePictures ? widened(own, this.#shape.source) : own);
      const feeds = imageFeeds({ image, ...(box && { box }) }, this.#batchSize, this.#shape);
      const count = batch.count ?? batch.image.length / this.#shape.imageElements;
      row = await this.#add(this.#image, feeds, sum, row, Math.min(count, images.count - row));
    }
    checkRows("images", images.count, row);
  }

  /** Adds the projections of all texts to `sum`; `position` places their words. */
  async #addTexts(
    texts: TextRows,
    sum: ViewSum,
    position: number | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    let row = 0;
    const options = { ...(position === undefined ? {} : { position }), ...(signal ? { signal } : {}) };
    for await (const batch of texts.batches(this.#batchSize, options)) {
      const text = padded(batch.text, this.#batchSize * this.#shape.textElements);
      const feeds = textFeeds({ text }, this.#batchSize, this.#shape);
      const count = batch.count ?? batch.text.length / this.#shape.textElements;
      row = await this.#add(this.#text, feeds, sum, row, Math.min(count, texts.count - row));
    }
    checkRows("texts", texts.count, row);
  }

  /** Adds the projections of all texts with their words at every place where they fit (paper A's code). */
  async #addEveryPlace(texts: TextRows, sum: ViewSum, signal?: AbortSignal): Promise<void> {
    const { textElements: length, text: kind } = this.#shape;
    let row = 0;
    const options = { position: 0, ...(signal ? { signal } : {}) };
    for await (const batch of texts.batches(this.#batchSize, options)) {
      const count = Math.min(batch.count ?? batch.text.length / length, texts.count - row);
      const left = padded(batch.text, this.#batchSize * length);
      const views = kind === "ids" ? placedTexts(left as Int32Array, length, count) : wholeTexts(left, count);
      for (const { text, rows } of views) {
        const feeds = textFeeds({ text }, this.#batchSize, this.#shape);
        await this.#addRows(this.#text, feeds, sum, row, rows);
      }
      row += count;
    }
    checkRows("texts", texts.count, row);
  }

  /** Adds the projections of the first rows of a batch; returns the row behind them. */
  async #add(program: Program, feeds: Feeds, sum: ViewSum, first: number, count: number): Promise<number> {
    await this.#addRows(program, feeds, sum, first, Array(count).keys());
    return first + count;
  }

  async #addRows(
    program: Program,
    feeds: Feeds,
    sum: ViewSum,
    first: number,
    chosen: Iterable<number>,
  ): Promise<void> {
    const { projection } = await program.step(feeds);
    for (const row of chosen) {
      const values = (projection as Float32Array).subarray(row * this.dimension, (row + 1) * this.dimension);
      if (sum.unitViews) normalizeRows(values, this.dimension);
      values.forEach((value, index) => (sum.rows[(first + row) * this.dimension + index]! += value));
    }
  }

  /**
   * Unit embeddings of photos [count, dimension], summed over the mirrored view before normalising (paper A).
   * Throws BATCH for arrays that do not fit the model, DATA unless the batches hold `count` rows, DISPOSED
   * after `dispose`.
   */
  async embedImages(
    images: ImageRows,
    { flip, unitViews }: Views,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const rows = new Float32Array(images.count * this.dimension);
    for (const mirrored of flip ? [false, true] : [false])
      await this.#addImages(images, { rows, unitViews }, mirrored, signal);
    normalizeRows(rows, this.dimension);
    return rows;
  }

  /**
   * Unit embeddings of sentences [count, dimension], summed over positions before normalising (paper A's
   * code). Throws BATCH for arrays that do not fit the model, DATA unless the batches hold `count` rows, FEED
   * for a word id above the vocabulary, DISPOSED after `dispose`.
   */
  async embedTexts(
    texts: TextRows,
    { positions, unitViews }: Views,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const rows = new Float32Array(texts.count * this.dimension);
    const sum = { rows, unitViews };
    if (positions === "all") await this.#addEveryPlace(texts, sum, signal);
    else for (const position of placements(positions)) await this.#addTexts(texts, sum, position, signal);
    normalizeRows(rows, this.dimension);
    return rows;
  }

  /**
   * Unit embeddings of a split, [count, dimension] each. Throws BATCH, DATA, FEED or DISPOSED as
   * `embedImages` and `embedTexts`.
   */
  async embed(data: EvaluationData, views: Views, signal?: AbortSignal): Promise<Embeddings> {
    const images = await this.embedImages(data.images, views, signal);
    return { images, texts: await this.embedTexts(data.texts, views, signal) };
  }

  /** Frees both compiled paths. */
  async dispose(): Promise<void> {
    await this.#image.dispose();
    await this.#text.dispose();
  }

  /** As `dispose`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/**
 * The image feeds of an evaluation. Throws CONFIG where whole pictures are to be looked at and the model
 * reads features, or the pictures are smaller than its input size; NAME where the graph has such feeds
 * already.
 */
export function evaluatedImage(
  graph: Graph,
  { config }: DualPath,
  { batchSize, source, convolutional = false }: EmbedderOptions,
): ImageInput {
  const input = declareImage(graph, config, batchSize, source);
  if (!convolutional) return input;
  const least = config.image.kind === "features" ? undefined : config.image.inputSize;
  if (least !== undefined && source !== undefined && Math.min(...source) >= least)
    return { ...input, size: source };
  const got = source === undefined || least === undefined ? "feature vectors" : source.join(" x ");
  const message = `evaluation.convolutional: expected pictures of ${least ?? "a trunk"} pixels or more, got ${got}`;
  throw new TrainingError("CONFIG", message, { least, got });
}

/** The boxes of whole pictures, mirrored where the given ones are. */
function widened(boxes: Float32Array, [height, width]: readonly [number, number]): Float32Array {
  return boxes.map((value, index) => [0, 0, height, width, value][index % 5]!);
}

/** A count of one is the data's own placement; more are spread evenly from left to right. */
function placements(count: number | readonly number[]): readonly (number | undefined)[] {
  if (typeof count !== "number") return count;
  if (count === 1) return [undefined];
  return Array.from({ length: count }, (_, index) => index / (count - 1));
}

function checkRows(what: string, expected: number, got: number): void {
  if (expected === got) return;
  const message = `evaluation: ${what}: expected ${expected} rows in all batches, got ${got}`;
  throw new TrainingError("DATA", message, { what, expected, got });
}

/** Divides every row of [count, dimension] by its length, in place; rows of length 0 stay. */
export function normalizeRows(rows: Float32Array, dimension: number): void {
  for (let first = 0; first < rows.length; first += dimension) {
    const row = rows.subarray(first, first + dimension);
    let squares = 0;
    for (const value of row) squares += value * value;
    const length = Math.sqrt(squares);
    if (length > 0) for (let index = 0; index < dimension; index++) row[index]! /= length;
  }
}
