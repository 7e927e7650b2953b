import { resolve } from "node:path";
import { ExactSearch } from "@dualpath/core";
import type { Device } from "../config/schema.js";
import { ExperimentError } from "../errors.js";
import type { ApproximateSearch } from "./approximate.js";
import { hasGraph, openGraph, type GraphReport } from "./graph-file.js";
import { openIndex, type PhotoIndex } from "./index-file.js";
import { TrainedModel } from "./trained-model.js";

/** Above this many vectors the approximate index is asked, where there is one. */
export const EXACT_LIMIT = 1_000_000;

export interface SearcherOptions {
  readonly threads: number;
  readonly device?: Device;
  /** Where the checkpoint is now, when it has moved. */
  readonly checkpoint?: string | undefined;
  /** Where the photos are now, when they have moved. */
  readonly photos?: string | undefined;
  /** "exact" and "approximate" beat the choice by size. */
  readonly kind?: "exact" | "approximate" | undefined;
  readonly signal?: AbortSignal;
}

/** A photo that was found. */
export interface Hit {
  /** Path below the photo folder. */
  readonly photo: string;
  readonly row: number;
  /** Cosine of the angle between query and photo, -1 to 1. */
  readonly score: number;
}

export interface SentenceResult {
  readonly hits: readonly Hit[];
  readonly unknown: readonly string[];
}

/** An index with the model that made it: photos by sentence, by photo and by row. Dispose it when done. */
export class Searcher {
  readonly index: PhotoIndex;
  readonly photos: string;
  readonly model: TrainedModel;
  /** How well approximate search does here; undefined where search is exact. */
  readonly approximate: GraphReport | undefined;
  readonly #search: ExactSearch | ApproximateSearch;

  private constructor(
    index: PhotoIndex,
    model: TrainedModel,
    options: SearcherOptions,
    search: { readonly run: ExactSearch | ApproximateSearch; readonly report?: GraphReport },
  ) {
    this.index = index;
    this.model = model;
    this.photos = resolve(options.photos ?? index.photos);
    this.#search = search.run;
    this.approximate = search.report;
  }

  /** Throws INDEX for an index that is damaged or of another checkpoint, CHECKPOINT for a model that is gone. */
  static async open(file: string, options: SearcherOptions): Promise<Searcher> {
    const index = await openIndex(file);
    let model: TrainedModel | undefined;
    try {
      const { threads, device = "auto" } = options;
      model = await TrainedModel.open(options.checkpoint ?? index.checkpoint, {
        threads,
        device,
        batchSize: 1,
      });
      checkSameModel(index, model);
      return new Searcher(index, model, options, await openSearch(index, model, options));
    } catch (error) {
      await model?.dispose();
      await index.close();
      throw error;
    }
  }

  /** Photos for a sentence. Throws QUERY when the model knows none of its words. */
  async bySentence(sentence: string, count: number): Promise<SentenceResult> {
    const { vector, unknown } = await this.model.embedSentence(sentence);
    return { hits: await this.#nearest(vector, count), unknown };
  }

  /** Photos like a photo, of a file or of its bytes. */
  async byPhoto(photo: string | Uint8Array, count: number): Promise<readonly Hit[]> {
    const vector = await this.model.embedPhotos(await this.model.decode(photo));
    return this.#nearest(vector, count);
  }

  /** Photos like one of the index, itself the first. Throws QUERY for a row that it does not have. */
  async byRow(row: number, count: number): Promise<readonly Hit[]> {
    if (!Number.isInteger(row) || row < 0 || row >= this.index.names.length) {
      const message = `photo ${row}: the index holds ${this.index.names.length} photos, counted from 0.`;
      throw new ExperimentError("QUERY", message, { row });
    }
    return this.#nearest(await this.index.vectors.read(row, 1), count);
  }

  async #nearest(vector: Float32Array, count: number): Promise<readonly Hit[]> {
    const [found] = await this.#search.search(vector, Math.min(count, this.index.names.length));
    return Array.from(found?.rows ?? [], (row, place) => ({
      photo: this.index.names[row] ?? "",
      row,
      score: found?.scores[place] ?? 0,
    }));
  }

  async dispose(): Promise<void> {
    await this.model.dispose();
    await this.index.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function checkSameModel(index: PhotoIndex, model: TrainedModel): void {
  if (index.checkpointDigest === model.digest && index.vectors.dimension === model.dimension) return;
  const message =
    `${index.file} was made with another checkpoint than ${model.file}, whose vectors mean something else. ` +
    "Name the one it was made with, or embed the photos again with experiments:embed.";
  throw new ExperimentError("INDEX", message, { index: index.file, checkpoint: model.file });
}

async function openSearch(
  index: PhotoIndex,
  model: TrainedModel,
  { threads, kind, signal }: SearcherOptions,
) {
  const wanted = kind ?? (index.names.length > EXACT_LIMIT && hasGraph(index.file) ? "approximate" : "exact");
  if (wanted === "exact")
    return {
      run: await ExactSearch.open(model.store, index.vectors, signal === undefined ? {} : { signal }),
    };
  const { graph, report } = openGraph(index, threads);
  return { run: graph, report };
}
