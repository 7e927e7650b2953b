import type { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { createBuildContext } from "../layers/context.js";
import { declareImage, imageFeatures, type DualPath } from "../models/dual-path.js";
import type { EvaluationData } from "./data.js";
import { TrainingError } from "./errors.js";
import { imageFeeds, padded, rowShape } from "./feeds.js";
import type { SourceSize } from "./stage-graph.js";

export interface FeatureOptions {
  readonly batchSize: number;
  /** (height, width) of stored pictures; default: the model's input size. */
  readonly source?: SourceSize;
  readonly signal?: AbortSignal;
}

/**
 * Pooled features of the image trunk in evaluation mode, batch by batch, [rows, F] each: a frozen trunk is run once
 * and its features are kept. Throws CONFIG for a model without a trunk.
 */
export async function* trunkFeatures(
  store: Store,
  model: DualPath,
  images: Pick<EvaluationData["images"], "batches">,
  { batchSize, source, signal }: FeatureOptions,
): AsyncGenerator<Float32Array, void, void> {
  if (model.config.image.kind === "features") {
    throw new TrainingError(
      "CONFIG",
      "trunk features: expected an image trunk, got model.image.kind 'features'",
    );
  }
  const graph = new Graph("features");
  const input = declareImage(graph, model.config, batchSize, source);
  const { feature } = model.buildImage(createBuildContext(graph, { mode: "evaluate" }), input);
  const program = await store.compile(graph, { taps: { feature } });
  const shape = rowShape(model.config, source);
  try {
    for await (const batch of images.batches(batchSize, signal ? { signal } : {})) {
      const count = batch.count ?? batch.image.length / shape.imageElements;
      const image = padded(batch.image, batchSize * shape.imageElements);
      const box = batch.box ? { box: padded(batch.box, batchSize * 5) } : {};
      const taps = await program.step(imageFeeds({ image, ...box }, batchSize, shape));
      yield (taps["feature"] as Float32Array).slice(0, count * imageFeatures(model.config));
    }
  } finally {
    await program.dispose();
  }
}
