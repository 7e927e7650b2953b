import {
  dualPath,
  exportOnnx,
  initialize,
  loadTrunk,
  Store,
  trunkFeatures,
  type DualPath,
  type ImageRows,
} from "@dualpath/core";
import type { Experiment } from "../config/experiment.js";
import type { Device } from "../config/schema.js";

/** The `features` section of an experiment. */
export type FrozenFeatures = NonNullable<Experiment["features"]>;

export interface FeatureRequest {
  readonly batchSize: number;
  /** (height, width) of the pictures. */
  readonly source?: readonly [number, number];
  readonly signal?: AbortSignal;
}

/** A frozen trunk with its weights, on a Store of its own. Dispose it when done. */
export class FrozenTrunk {
  readonly #store: Store;
  readonly #model: DualPath;
  readonly #views: FrozenFeatures["views"];

  private constructor(store: Store, model: DualPath, views: FrozenFeatures["views"]) {
    this.#store = store;
    this.#model = model;
    this.#views = views;
  }

  /** Throws CHECKPOINT_* of core for weights that are missing, damaged or another trunk's. */
  static async open(
    { trunk, weights, views }: FrozenFeatures,
    options: { readonly device: Device; readonly threads: number },
  ): Promise<FrozenTrunk> {
    const text = { kind: "vector", dimension: 1 };
    const model = dualPath({ image: trunk, text, embedding: 1 }, { classes: 1, vocabulary: 0 });
    const store = Store.open(options);
    try {
      await initialize(store, model, 0);
      await loadTrunk(store, model, weights);
      return new FrozenTrunk(store, model, views);
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  /** What the trunk makes of pictures, batch by batch, [rows, features] each. */
  features(images: Pick<ImageRows, "batches">, request: FeatureRequest): AsyncIterable<Float32Array> {
    return trunkFeatures(this.#store, this.#model, images, { ...request, views: this.#views });
  }

  /** As an ONNX model of one view: `image` u8 [batch, H, W, 3] to `feature` f32 [batch, F]. */
  toOnnx(source: readonly [number, number], signal?: AbortSignal): Promise<Uint8Array> {
    // Ten crops are cut out of a picture: the trunk sees them in its own size.
    const seen = this.#views === "ten-crop" ? {} : { source };
    return exportOnnx(this.#store, this.#model, "trunk", { ...seen, ...(signal && { signal }) });
  }

  async dispose(): Promise<void> {
    await this.#store.dispose();
  }
}
