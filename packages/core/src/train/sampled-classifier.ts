import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import { differentiate } from "../graph/differentiate.js";
import { Graph, type Value } from "../graph/graph.js";
import { classifierLoss } from "../losses/instance.js";
import { matmul } from "../ops/index.js";
import { CentreTable, type RowUpdate } from "./centre-table.js";
import { sampleClasses } from "./sample-classes.js";

/** Sizes of the classifier, its sample and its updates. */
export interface SampledClassifierOptions {
  readonly classes: number;
  readonly dimension: number;
  /** Classes of one step's softmax: those of the batch and random others. */
  readonly sample: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** One step's loss, and its gradient for the features that went in, [batchSize, dimension]. */
export interface SampledStep {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/**
 * Instance loss over very many classes by a sampled softmax (Partial FC): a step's time and device memory depend on the
 * sample, not on the number of classes. Centres and their momentum stay in host memory. Dispose it when done.
 */
export class SampledClassifier {
  readonly centres: CentreTable;
  readonly #options: SampledClassifierOptions;
  readonly #program: Program;
  readonly #gathered: Float32Array;
  #steps = 0;

  private constructor(options: SampledClassifierOptions, program: Program) {
    const { classes: rows, dimension, sample, seed } = options;
    this.#options = options;
    this.#program = program;
    this.centres = new CentreTable({ rows, dimension, seed });
    this.#gathered = new Float32Array(sample * dimension);
  }

  /** Compiles the step on a Store. Dispose the classifier when done. */
  static async open(store: Store, options: SampledClassifierOptions): Promise<SampledClassifier> {
    const { dimension, sample, batchSize } = options;
    const graph = new Graph("sampled");
    const features = graph.input("features", [batchSize, dimension]);
    const centres = graph.input("centres", [sample, dimension]);
    const labels = graph.input("labels", [batchSize], "i32");
    const logits = (): Value => matmul(features, centres, { transposeB: true }, "sampled.logits");
    const loss = classifierLoss({ x: features, w: centres, logits }, labels, 0, "sampled");
    const [featureGradient, centreGradient] = differentiate(loss, [features, centres]);
    const taps = { loss, featureGradient: featureGradient!, centreGradient: centreGradient! };
    return new SampledClassifier(options, await store.compile(graph, { taps }));
  }

  /**
   * Mean over the batch of -log softmax over the sampled classes, of features [batchSize, dimension]; moves the
   * sampled centres. Throws BATCH for labels out of range, CONFIG where the sample is too small for the batch.
   */
  async step(features: Float32Array, labels: Int32Array, update: RowUpdate): Promise<SampledStep> {
    const { classes, sample: size, seed } = this.#options;
    const { ids, labels: places } = sampleClasses(labels, { classes, size, seed }, ++this.#steps);
    this.centres.gather(ids, this.#gathered);
    const taps = await this.#program.step({ features, centres: this.#gathered, labels: places });
    this.centres.update(ids, taps["centreGradient"] as Float32Array, update);
    return { loss: taps["loss"]![0]!, gradient: taps["featureGradient"] as Float32Array };
  }

  /** Frees the compiled step. */
  async dispose(): Promise<void> {
    await this.#program.dispose();
  }

  /** The same as `dispose`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
