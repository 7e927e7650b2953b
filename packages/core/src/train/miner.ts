import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { Graph } from "../graph/graph.js";
import type { TypedArray } from "../graph/types.js";
import { createBuildContext } from "../layers/context.js";
import { declareImage, declareText, type DualPath } from "../models/dual-path.js";
import { matmul } from "../ops/index.js";
import type { Batch } from "./data.js";
import { TrainingError } from "./errors.js";
import { checkArray, imageFeeds, rowShape, type RowShape } from "./feeds.js";
import type { SourceSize } from "./stage-graph.js";

/**
 * Hard negatives of paper A: the candidate captions are embedded in test mode, and each anchor image
 * of the batch's first half gets the most similar one of another class as its text negative.
 */
export class Miner {
  readonly #program: Program;
  readonly #shape: RowShape;
  readonly #candidates: number;

  private constructor(program: Program, shape: RowShape, candidates: number) {
    this.#program = program;
    this.#shape = shape;
    this.#candidates = candidates;
  }

  static async open(
    store: Store,
    model: DualPath,
    sizes: { readonly batchSize: number; readonly candidates: number; readonly source: SourceSize },
  ): Promise<Miner> {
    const graph = new Graph("mine");
    const context = createBuildContext(graph, { mode: "evaluate" });
    const image = model.buildImage(
      context,
      declareImage(graph, model.config, sizes.batchSize / 2, sizes.source),
    );
    const text = model.buildText(context, declareText(graph, model.config, sizes.candidates));
    const similarity = matmul(image.embedding, text.embedding, { transposeB: true }, "mine.similarity");
    const program = await store.compile(graph, { taps: { similarity } });
    return new Miner(program, rowShape(model.config, sizes.source), sizes.candidates);
  }

  /** The batch with its second half's texts replaced. Throws BATCH where the candidates are missing or misshaped. */
  async mine(batch: Batch): Promise<Batch> {
    const { candidateText, candidateLabel } = batch;
    checkArray("candidateText", candidateText, this.#shape.text, this.#candidates * this.#shape.textElements);
    checkArray("candidateLabel", candidateLabel, "ids", this.#candidates);
    const half = batch.imageLabel.length >> 1;
    const image = batch.image.subarray(0, half * this.#shape.imageElements);
    const box = batch.box ? { box: batch.box.subarray(0, half * 5) } : {};
    const feeds = { ...imageFeeds({ image, ...box }, half, this.#shape), text: candidateText! };
    const { similarity } = await this.#program.step(feeds);
    return withHardNegatives(batch, similarity as Float32Array);
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
  }
}

/**
 * Replaces text row N / 2 + i by the candidate most similar to anchor image i among those of another class; the first
 * of equals wins, and without any such candidate the row stays. similarity is [N / 2, K].
 */
export function withHardNegatives(batch: Batch, similarity: Float32Array): Batch {
  const { candidateText, candidateLabel } = batch;
  if (!candidateText || !candidateLabel) {
    throw new TrainingError("BATCH", "batch: candidateText: expected captions to mine from, got nothing");
  }
  const half = batch.imageLabel.length >> 1;
  const width = batch.text.length / batch.textLabel.length;
  const text = batch.text.slice();
  const textLabel = batch.textLabel.slice();
  for (let anchor = 0; anchor < half; anchor++) {
    const row = similarity.subarray(anchor * candidateLabel.length, (anchor + 1) * candidateLabel.length);
    const chosen = hardest(row, candidateLabel, batch.imageLabel[anchor]!);
    if (chosen < 0) continue;
    const words: TypedArray = candidateText.subarray(chosen * width, (chosen + 1) * width);
    text.set(words, (half + anchor) * width);
    textLabel[half + anchor] = candidateLabel[chosen]!;
  }
  return { ...batch, text, textLabel };
}

function hardest(similarity: Float32Array, labels: Int32Array, own: number): number {
  let best = -1;
  similarity.forEach((score, candidate) => {
    if (labels[candidate] !== own && (best < 0 || score > similarity[best]!)) best = candidate;
  });
  return best;
}
