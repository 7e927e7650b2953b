import type { NodeTime } from "@dualpath/cuda-kernels";
import type { PrecisionInForce } from "../engine/precision.js";
import type { Program } from "../engine/program.js";
import type { Store } from "../engine/store.js";
import type { Explanation } from "../graph/explain.js";
import type { Precision } from "../graph/precision.js";
import type { TypedArray } from "../graph/types.js";
import { SEED_SCALAR, STEP_SCALAR } from "../layers/dropout.js";
import { weightScalar } from "../losses/terms.js";
import { SAMPLED_CENTRES } from "../models/classifier.js";
import type { DualPath } from "../models/dual-path.js";
import { scheduleFactor } from "../optim/schedule.js";
import { clipFactor } from "../ops/index.js";
import { GRADIENT_SCALE_SCALAR, OPTIMIZER_STEP_SCALAR } from "../optim/update.js";
import type { Progress } from "./checkpoint.js";
import type { Batch } from "./data.js";
import { TrainingError } from "./errors.js";
import { checkLabels, imageFeeds, rowShape, textFeeds, type Feeds, type RowShape } from "./feeds.js";
import { Miner } from "./miner.js";
import type { SampledBatch, SampledClassifier } from "./sampled-classifier.js";
import { batchRows, stageGraph, type SourceSize, type StageGraph } from "./stage-graph.js";
import { writeInitialState } from "./stage-state.js";
import type { Stage } from "./stage.js";

export interface StageRunnerOptions {
  readonly store: Store;
  readonly model: DualPath;
  readonly stage: Stage;
  readonly stepsPerEpoch: number;
  readonly seed: number;
  readonly source: SourceSize;
  /** False when the stage goes on from a checkpoint, whose optimizer state and averages are kept. */
  readonly fresh: boolean;
  /** Default: f32. */
  readonly precision?: Precision;
  /** The model's sampled classifier, where it has one. */
  readonly classifier?: SampledClassifier | undefined;
}

/** Numbers that one training step hands back. */
export interface StepResult {
  readonly loss: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly gradientNorm?: number;
}

/** A stage compiled on a Store: feeds batches and per-step numbers to its program. */
export class StageRunner {
  readonly layout: StageGraph;
  readonly #options: StageRunnerOptions;
  readonly #program: Program;
  readonly #miner: Miner | undefined;
  readonly #shape: RowShape;
  readonly #scalars: ReadonlySet<string>;

  private constructor(
    options: StageRunnerOptions,
    layout: StageGraph,
    program: Program,
    miner: Miner | undefined,
  ) {
    this.layout = layout;
    this.#options = options;
    this.#program = program;
    this.#miner = miner;
    this.#shape = rowShape(options.model.config, options.source);
    const scalars = layout.graph.boundary.filter(({ origin }) => origin.kind === "scalar");
    this.#scalars = new Set(scalars.map(({ name }) => name));
  }

  static async open(options: StageRunnerOptions): Promise<StageRunner> {
    const { store, model, stage, source, fresh, precision = "f32" } = options;
    const layout = stageGraph(model, stage, source);
    if (fresh) await writeInitialState(store, layout);
    if (layout.centres) options.classifier?.begin(stage.optimizer, fresh);
    const request = { taps: layout.taps, effects: [...layout.updates], precision };
    const program = await store.compile(layout.graph, request);
    const { ranking } = stage.losses;
    const mines = ranking?.mining === "paper-a" && ranking.candidates > 0 && ranking.weight > 0;
    const sizes = { batchSize: stage.batchSize, candidates: ranking?.candidates ?? 0, source };
    return new StageRunner(
      options,
      layout,
      program,
      mines ? await Miner.open(store, model, sizes) : undefined,
    );
  }

  /** How the stage computes, and why so where something else was asked for. */
  get precision(): PrecisionInForce {
    return this.#program.precision;
  }

  /** One optimizer step. Throws BATCH for arrays that do not fit and NON_FINITE when the loss is no number. */
  async step(batch: Batch, progress: Progress): Promise<StepResult> {
    const learningRate = this.#learningRate(progress);
    const scalars = this.#scalarValues(progress, learningRate);
    const mined = await this.#mine(batch);
    const sampled = this.#sample(mined, progress);
    const taps = await this.#program.step(this.#feeds(mined, sampled), scalars);
    const loss = taps["loss"]![0]!;
    if (!Number.isFinite(loss)) throw this.#nonFinite(loss, progress);
    if (sampled) this.#learnCentres(sampled, taps, progress, learningRate);
    const losses = this.layout.losses.terms.map(({ name }) => [name, taps[`loss.${name}`]![0]!] as const);
    const norm = taps["squaredNorm"]?.[0];
    return {
      loss,
      losses: Object.fromEntries(losses),
      learningRate,
      ...(norm === undefined ? {} : { gradientNorm: Math.sqrt(norm) }),
    };
  }

  /** One optimizer step with the time of every node. */
  async profile(batch: Batch, progress: Progress): Promise<NodeTime[]> {
    const scalars = this.#scalarValues(progress, this.#learningRate(progress));
    const mined = await this.#mine(batch);
    return this.#program.profile(this.#feeds(mined, this.#sample(mined, progress)), scalars);
  }

  explain(): Explanation {
    return this.#program.explain();
  }

  async #mine(batch: Batch): Promise<Batch> {
    return this.#miner ? this.#miner.mine(batch) : batch;
  }

  /** The step's classes where the graph reads a sample of them. */
  #sample(batch: Batch, { globalStep }: Progress): SampledBatch | undefined {
    if (this.layout.graph.find(SAMPLED_CENTRES) === undefined) return undefined;
    const { classifier } = this.#options;
    if (classifier !== undefined) return classifier.sample(batch, globalStep + 1);
    throw new TrainingError(
      "CONFIG",
      "the model's classifier is sampled: give the stage its sampled classifier",
    );
  }

  #learnCentres(
    { ids }: SampledBatch,
    taps: Readonly<Record<string, TypedArray>>,
    { stageStep }: Progress,
    learningRate: number,
  ): void {
    const { centres } = this.layout;
    const { classifier, stage } = this.#options;
    const gradient = taps["centreGradient"];
    if (centres === undefined || !(gradient instanceof Float32Array)) return;
    const total = taps["squaredNorm"]?.[0];
    classifier?.learn(ids, gradient, {
      learningRate: learningRate * centres.multiplier,
      weightDecay: centres.weightDecay,
      gradientScale: total === undefined || !stage.clip ? 1 : clipFactor(total, stage.clip.norm),
      step: stageStep + 1,
    });
  }

  #feeds(batch: Batch, sampled?: SampledBatch): Feeds {
    const { images, texts } = batchRows(this.#options.stage);
    const { classes } = this.#options.model.sizes;
    checkLabels("imageLabel", batch.imageLabel, images, classes);
    checkLabels("textLabel", batch.textLabel, texts, classes);
    const { imageLabel, textLabel } = sampled ?? batch;
    return {
      ...imageFeeds(batch, images, this.#shape),
      ...textFeeds(batch, texts, this.#shape),
      ...this.layout.losses.feedsOf(imageLabel, textLabel),
      ...sampled?.feeds,
    };
  }

  #learningRate({ stageStep }: Progress): number {
    const { stage, stepsPerEpoch } = this.#options;
    const time = { step: stageStep, stepsPerEpoch, epochs: stage.epochs };
    return stage.learningRate * scheduleFactor(stage.schedule, time);
  }

  #scalarValues({ stageStep, globalStep }: Progress, learningRate: number): Record<string, number> {
    const { optimizer, losses } = this.layout;
    const values = new Map<string, number>([
      [SEED_SCALAR, this.#options.seed],
      [STEP_SCALAR, globalStep + 1],
      [OPTIMIZER_STEP_SCALAR, stageStep + 1],
      [GRADIENT_SCALE_SCALAR, 1],
    ]);
    for (const [name, multiplier] of optimizer.rates) values.set(name, learningRate * multiplier);
    for (const { name, weight } of losses.terms) values.set(weightScalar(name), weight);
    return Object.fromEntries([...values].filter(([name]) => this.#scalars.has(name)));
  }

  #nonFinite(loss: number, { epoch, stepInEpoch }: Progress): TrainingError {
    const { stage } = this.#options;
    const place = { stage: stage.name, epoch, step: stepInEpoch };
    const message =
      `stage '${stage.name}', epoch ${epoch}, step ${stepInEpoch}: the loss is ${loss}; ` +
      "lower the learning rate, or set DUALPATH_CHECK=1 to find the node";
    return new TrainingError("NON_FINITE", message, place);
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
    await this.#miner?.dispose();
  }
}
