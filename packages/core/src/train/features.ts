import type { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import { createBuildContext } from "../layers/context.js";
import { declareImage, imageFeatures, type DualPath } from "../models/dual-path.js";
import type { EvaluationData } from "./data.js";
import { TrainingError } from "./errors.js";
import { imageFeeds, padded, rowShape } from "./feeds.js";
import type { SourceSize } from "./stage-graph.js";

/**
 * Parts of a picture whose features are averaged: all of it; all of it and its mirror image; or ten crops of the
 * model's input size, four corners and the centre with their mirror images (paper B).
 */
export type FeatureViews = "whole" | "flip" | "ten-crop";

/** How trunk features are computed. */
export interface FeatureOptions {
  readonly batchSize: number;
  /** Default: "whole". */
  readonly views?: FeatureViews;
  /** (height, width) of stored pictures; default: the model's input size. */
  readonly source?: SourceSize;
  readonly signal?: AbortSignal;
}

/**
 * Pooled features of the image trunk in evaluation mode, batch by batch, f32 [rows, F] each: a frozen trunk
 * is run once and its features are kept. Throws CONFIG for a model without a trunk, or for crops larger than
 * the pictures; STORE_MISSING unless the Store holds the parameters, BATCH for arrays that do not fit.
 */
export async function* trunkFeatures(
  store: Store,
  model: DualPath,
  images: Pick<EvaluationData["images"], "batches">,
  { batchSize, views = "whole", source, signal }: FeatureOptions,
): AsyncGenerator<Float32Array, void, void> {
  const shape = rowShape(model.config, source);
  const boxes = viewBoxes(views, shape.source, inputSize(model));
  const graph = new Graph("features");
  const input = declareImage(graph, model.config, batchSize, source);
  const { feature } = model.buildImage(createBuildContext(graph, { mode: "evaluate" }), input);
  const program = await store.compile(graph, { taps: { feature } });
  try {
    for await (const batch of images.batches(batchSize, signal ? { signal } : {})) {
      const count = batch.count ?? batch.image.length / shape.imageElements;
      const image = padded(batch.image, batchSize * shape.imageElements);
      const mean = new Float32Array(count * imageFeatures(model.config));
      for (const view of boxes) {
        const box = boxesOf(view, views === "whole" ? batch.box : undefined, batchSize);
        const taps = await program.step(imageFeeds({ image, box }, batchSize, shape));
        addShare(mean, taps["feature"] as Float32Array, 1 / boxes.length);
      }
      yield mean;
    }
  } finally {
    await program.dispose();
  }
}

/** Numbers of a crop box: top, left, height, width, flip. */
const BOX = 5;

/** The batch's own boxes where it has some, else the same view of every picture. */
function boxesOf(view: readonly number[], own: Float32Array | undefined, rows: number): Float32Array {
  if (own) return padded(own, rows * BOX);
  return Float32Array.from({ length: rows * BOX }, (_, index) => view[index % BOX]!);
}

function inputSize({ config }: DualPath): number {
  if (config.image.kind !== "features") return config.image.inputSize;
  const message = "trunk features: expected an image trunk, got model.image.kind 'features'";
  throw new TrainingError("CONFIG", message);
}

function viewBoxes(
  views: FeatureViews,
  [height, width]: readonly [number, number],
  crop: number,
): readonly (readonly number[])[] {
  const mirrored = (box: readonly number[]) => [
    [...box, 0],
    [...box, 1],
  ];
  if (views === "whole") return [[0, 0, height, width, 0]];
  if (views === "flip") return mirrored([0, 0, height, width]);
  const [down, right] = [height - crop, width - crop];
  if (down < 0 || right < 0) {
    const message = `trunk features: ten crops of ${crop} pixels need larger pictures than ${height} x ${width}`;
    throw new TrainingError("CONFIG", message, { crop, height, width });
  }
  const corners = [
    [0, 0],
    [0, right],
    [down, 0],
    [down, right],
    [down / 2, right / 2],
  ];
  return corners.flatMap((corner) => mirrored([...corner, crop, crop]));
}

function addShare(sum: Float32Array, values: Float32Array, share: number): void {
  for (let index = 0; index < sum.length; index++) sum[index]! += values[index]! * share;
}
