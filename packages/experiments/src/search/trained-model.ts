import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import {
  Embedder,
  loadModel,
  readCheckpointHeader,
  Store,
  type CheckpointHeader,
  type ImageRows,
  type ModelInputs,
} from "@dualpath/core";
import {
  decodeImage,
  newImages,
  newTexts,
  tokenize,
  vocabularyOf,
  type Preprocessing,
} from "@dualpath/datasets";
import type { Device } from "../config/schema.js";
import { ExperimentError } from "../errors.js";
import { FrozenTrunk, type FrozenFeatures } from "../trial/frozen-trunk.js";
import { locateTrial, modelFile, trialExperiment } from "../trial/locate.js";
import { requirePhoto } from "./photos.js";

export interface OpenModelOptions {
  readonly device?: Device;
  readonly threads: number;
  /** Photos, or sentences, that one step embeds. */
  readonly batchSize: number;
}

/** A sentence as the model reads it. */
export interface EmbeddedSentence {
  readonly vector: Float32Array;
  /** Words that the vocabulary does not hold; the vector says nothing of them. */
  readonly unknown: readonly string[];
}

/** A trained model ready for new photos and sentences. Dispose it when done. */
export class TrainedModel {
  readonly file: string;
  /** sha256 of the checkpoint. */
  readonly digest: string;
  readonly store: Store;
  readonly dimension: number;
  readonly image: NonNullable<Preprocessing["image"]>;
  readonly #inputs: ModelInputs;
  readonly #embedder: Embedder;
  readonly #trunk: FrozenTrunk | undefined;
  readonly #vocabulary: ReturnType<typeof vocabularyOf> | undefined;

  private constructor(
    header: CheckpointHeader,
    digest: string,
    store: Store,
    embedder: Embedder,
    trunk: FrozenTrunk | undefined,
  ) {
    const inputs = requireInputs(header);
    const { text } = inputs.preprocessing;
    this.file = header.path;
    this.digest = digest;
    this.store = store;
    this.dimension = embedder.dimension;
    this.image = requirePhotos(header, inputs);
    this.#inputs = inputs;
    this.#embedder = embedder;
    this.#trunk = trunk;
    this.#vocabulary = text && vocabularyOf(text.words, text);
  }

  /**
   * Opens a checkpoint, named by its trial's directory or its file; a model of a frozen trunk's features with that
   * trunk. Throws CHECKPOINT for one that reads no photos or does not say how, and CHECKPOINT_* of core for files that
   * are missing or damaged.
   */
  static async open(checkpoint: string, options: OpenModelOptions): Promise<TrainedModel> {
    const file = modelFile(checkpoint);
    const header = await readCheckpointHeader(file);
    requireEmbeddings(header);
    const { size } = requirePhotos(header, requireInputs(header));
    const { device = "auto", threads, batchSize } = options;
    const features = featuresOf(header);
    const trunk = features && (await FrozenTrunk.open(features, { device, threads }));
    const store = Store.open({ device, threads });
    try {
      const { model } = await loadModel(file, store);
      const embedder = await Embedder.open(store, model, {
        batchSize,
        source: size,
        convolutional: requireInputs(header).views.convolutional,
      });
      return new TrainedModel(header, await digestOf(file), store, embedder, trunk);
    } catch (error) {
      await store.dispose();
      await trunk?.dispose();
      throw error;
    }
  }

  /** A photo as the model sees it; of a file, or of its bytes. Throws what {@link decodeImage} throws, and PHOTOS. */
  async decode(photo: string | Uint8Array): Promise<Uint8Array> {
    await requirePhoto(photo);
    return decodeImage(photo, this.image);
  }

  /** Unit vectors of decoded photos, one after another. */
  embedPhotos(pixels: Uint8Array, signal?: AbortSignal): Promise<Float32Array> {
    const photos = newImages(pixels, this.image);
    return this.#embedder.embedImages(this.#seen(photos, signal), this.#inputs.views, signal);
  }

  /** Photos as the model reads them: themselves, or what the trunk makes of them. */
  #seen(photos: ImageRows, signal?: AbortSignal): ImageRows {
    const trunk = this.#trunk;
    if (trunk === undefined) return photos;
    const request = { source: this.image.size, ...(signal && { signal }) };
    return {
      count: photos.count,
      async *batches(batchSize) {
        for await (const image of trunk.features(photos, { batchSize, ...request })) yield { image };
      },
    };
  }

  /** Throws QUERY when no word is known, or when the model reads no words. */
  async embedSentence(sentence: string): Promise<EmbeddedSentence> {
    const { text } = this.#inputs.preprocessing;
    if (text === undefined || this.#vocabulary === undefined)
      throw new ExperimentError("QUERY", `${this.file} reads text vectors, no sentences; search by a photo.`);
    const words = tokenize(sentence.slice(0, LONGEST_SENTENCE), text);
    const unknown = [...new Set(words.filter((word) => this.#vocabulary?.idOf(word) === 0))];
    const ids = this.#vocabulary.encode(sentence.slice(0, LONGEST_SENTENCE));
    if (ids.length === 0) throw noKnownWord(sentence, unknown);
    const vector = await this.#embedder.embedTexts(newTexts([ids], text), this.#inputs.views);
    return { vector, unknown };
  }

  async dispose(): Promise<void> {
    await this.#embedder.dispose();
    await this.store.dispose();
    await this.#trunk?.dispose();
  }
}

const LONGEST_SENTENCE = 10_000;
const LONGEST_SHOWN = 60;

function noKnownWord(sentence: string, unknown: readonly string[]): ExperimentError {
  const shown = sentence.trim().slice(0, LONGEST_SHOWN);
  const message =
    unknown.length === 0
      ? "the sentence is empty; write what the photo shows, as 'a dog runs on the beach'."
      : `'${shown}': the model knows none of these words; it knows those of the captions that it was trained on.`;
  return new ExperimentError("QUERY", message, { unknown });
}

/** Throws CHECKPOINT for a model whose embeddings are not compared by their cosine. */
export function requireEmbeddings({ path, description }: CheckpointHeader): void {
  if (description.model.similarity === undefined) return;
  const message =
    `${path} scores pairs by a similarity network: its embeddings alone tell no likeness. ` +
    "Take a model without model.similarity.";
  throw new ExperimentError("CHECKPOINT", message, { path });
}

function requireInputs({ path, inputs }: CheckpointHeader): ModelInputs {
  if (inputs !== undefined) return inputs;
  const message = `${path} does not say how photos and sentences are read: it was written by an older version or without a corpus. Train it again.`;
  throw new ExperimentError("CHECKPOINT", message, { path });
}

function requirePhotos(
  { path }: CheckpointHeader,
  { preprocessing }: ModelInputs,
): NonNullable<Preprocessing["image"]> {
  const { image } = preprocessing;
  if (image !== undefined) return image;
  const message =
    `${path} was trained on precomputed image features and cannot look at photos. ` +
    "Train with a trunk: in model.image, or frozen in the features section.";
  throw new ExperimentError("CHECKPOINT", message, { path });
}

/** The frozen trunk that made the features a model reads, as its run's config has it. */
function featuresOf({ path, description }: CheckpointHeader): FrozenFeatures | undefined {
  if (description.model.image.kind !== "features") return undefined;
  const { directory } = locateTrial(path);
  const features = existsSync(directory.config) ? trialExperiment(directory).features : undefined;
  if (features !== undefined) return features;
  const message =
    `${path} reads the features of a frozen trunk, and nothing says which: ` +
    `${directory.config} with its features section is not there. Use the checkpoint in its trial's directory.`;
  throw new ExperimentError("CHECKPOINT", message, { path });
}

/** sha256 of a file, in hexadecimal. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
