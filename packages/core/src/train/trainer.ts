import { Store } from "../engine/store.js";
import { precisionSchema, type Precision } from "../graph/precision.js";
import { dualPath, type DualPath } from "../models/dual-path.js";
import { initialize } from "../models/initialize.js";
import {
  checkSameRun,
  loadTensors,
  readCheckpointHeader,
  startOfRun,
  type ModelInputs,
  type Progress,
  type RunDescription,
} from "./checkpoint.js";
import { Embedder } from "./embedder.js";
import { evaluateWith, evaluationSchema, metricOf, type EvaluationConfig } from "./evaluate.js";
import { CheckpointError, TrainingError } from "./errors.js";
import type { EvaluationEvent, StepPosition, TrainingEvent } from "./events.js";
import { readAhead } from "./read-ahead.js";
import { RunFiles } from "./run-files.js";
import { StageRunner } from "./stage-runner.js";
import type { SourceSize } from "./stage-graph.js";
import { sampledClassifier, type SampledClassifier } from "./sampled-classifier.js";
import { evaluatedKey, learntElements, settleState } from "./stage-state.js";
import { curriculumSchema, type Curriculum, type Stage } from "./stage.js";
import { checkCurriculum, checkData, checkGlobs, type TrainerOptions } from "./trainer-options.js";

/** What ended the steps of a stage. */
type Ending = "epochs" | "patience" | "aborted";

/**
 * Trains a dual-path model through a curriculum. `run()` reports as it goes; leaving its loop early frees nothing but
 * the running stage, so that the Store can still be looked at. Dispose the trainer when done.
 *
 * Same options, same events and bits: batches, initial values and dropout derive from the seed. A run that is resumed
 * from any of its checkpoints ends in the bits of the run that was never stopped.
 */
export class Trainer {
  readonly model: DualPath;
  readonly curriculum: Curriculum;
  readonly evaluation: EvaluationConfig | undefined;
  readonly #options: TrainerOptions;
  readonly #precision: Precision;
  readonly #files: RunFiles;
  readonly #description: RunDescription;
  readonly #classifier: SampledClassifier | undefined;
  #store: Store | undefined;
  #progress: Progress = startOfRun;

  /** Throws a ZodError for bad configurations, DATA or CONFIG where data, model and curriculum do not fit. */
  constructor(options: TrainerOptions) {
    const { data, seed } = options;
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new TrainingError("CONFIG", `seed: expected an integer from 0 to 2^32 - 1, got ${seed}`, {
        seed,
      });
    }
    this.#options = options;
    const sizes = { classes: data.classes, vocabulary: data.vocabularySize };
    this.model = dualPath(options.model, sizes);
    this.curriculum = curriculumSchema.parse(options.curriculum);
    this.evaluation =
      options.evaluation === undefined ? undefined : evaluationSchema.parse(options.evaluation);
    checkData(data, this.model);
    checkGlobs(this.curriculum, this.model);
    checkCurriculum(this.curriculum, data, this.evaluation !== undefined);
    this.#precision = precisionSchema.parse(options.precision ?? "f32");
    const precision = this.#precision === "f32" ? {} : { precision: this.#precision };
    this.#description = { model: this.model.config, sizes, curriculum: this.curriculum, seed, ...precision };
    this.#classifier = sampledClassifier(this.model, seed);
    const { directory } = options;
    this.#files = new RunFiles(directory, this.model, this.#description, this.#inputs(), this.#classifier);
  }

  #inputs(): ModelInputs | undefined {
    const { preprocessing } = this.#options.data;
    const { flip, positions, unitViews, convolutional } = this.evaluation ?? evaluationSchema.parse({});
    const views = { flip, positions, unitViews, ...(convolutional && { convolutional }) };
    return preprocessing && { preprocessing, views };
  }

  /**
   * The parameters; opened at the first use, open until `dispose`. Throws DEVICE or ATTRIBUTE as
   * `Store.open`.
   */
  get store(): Store {
    const { device = "auto", threads } = this.#options;
    this.#store ??= Store.open({ device, ...(threads === undefined ? {} : { threads }) });
    return this.#store;
  }

  /** Steps, stages and epochs that are done. */
  get progress(): Progress {
    return this.#progress;
  }

  /**
   * Trains from where the run stands to its end, or to the next step after the signal is raised. Throws
   * DEVICE where no Store can be opened, DATA for word vectors or an epoch of another size than announced,
   * BATCH for arrays that do not fit the model, CONFIG or GRADIENT as {@link stageGraph}, NON_FINITE when the
   * loss is no number, EMBEDDING as {@link evaluateEmbeddings}, CHECKPOINT_WRITE where a checkpoint cannot be
   * written; resuming, CHECKPOINT_MODEL for a checkpoint of another run and CHECKPOINT_CORRUPT for a damaged
   * one.
   */
  async *run(): AsyncGenerator<TrainingEvent, void, void> {
    await this.#begin();
    while (this.#progress.stage < this.curriculum.length) {
      const ending = yield* this.#stage(this.curriculum[this.#progress.stage]!);
      if (ending === "aborted") return;
    }
    yield { type: "done", steps: this.#progress.globalStep };
  }

  /** Frees the Store with everything learnt; checkpoints stay. */
  async dispose(): Promise<void> {
    await this.#store?.dispose();
    this.#store = undefined;
  }

  /** As `dispose`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Fills the Store: from the last checkpoint when resuming, else with initial values. */
  async #begin(): Promise<void> {
    if (this.#progress.globalStep > 0) return;
    if (this.#options.resume && (await this.#files.hasLast())) return this.#resume(this.#files.lastPath!);
    const { wordVectors, seed, prepare } = this.#options;
    await initialize(this.store, this.model, seed, wordVectors ? { wordVectors } : {});
    await prepare?.(this.store, this.model);
  }

  async #resume(path: string): Promise<void> {
    const header = await readCheckpointHeader(path);
    checkSameRun(path, this.#description, header.description);
    if (!header.progress) {
      const problem = "holds a model only, nothing to resume from";
      throw new CheckpointError("CHECKPOINT_CORRUPT", `${path}: ${problem}`, { path, problem });
    }
    await loadTensors(path, this.store, this.model.parameters, (name) => !this.#classifier?.owns(name));
    await this.#classifier?.load(path);
    this.#progress = header.progress;
  }

  async *#stage(stage: Stage): AsyncGenerator<TrainingEvent, Ending, void> {
    const fresh = this.#progress.stageStep === 0;
    const previous = this.curriculum[this.#progress.stage - 1];
    if (fresh && previous && stage.startFrom === "best")
      await this.#files.loadBest(this.store, previous.name);
    const stepsPerEpoch = this.#options.data.stepsPerEpoch(stage.batchSize);
    const { seed } = this.#options;
    const options = {
      store: this.store,
      model: this.model,
      stage,
      stepsPerEpoch,
      seed,
      source: this.#source,
      fresh,
      precision: this.#precision,
      classifier: this.#classifier,
    };
    const runner = await StageRunner.open(options);
    try {
      const learntParameters = learntElements(runner.layout, this.model);
      const { epochs, name } = stage;
      const place = { stage: name, epochs, stepsPerEpoch, learntParameters, resumed: !fresh };
      yield { type: "stage-start", ...place, precision: runner.precision };
      const ending = yield* this.#epochs(stage, runner, stepsPerEpoch);
      if (ending !== "aborted") yield* this.#endStage(stage, runner, ending);
      return ending;
    } finally {
      await runner.dispose();
    }
  }

  async *#epochs(
    stage: Stage,
    runner: StageRunner,
    stepsPerEpoch: number,
  ): AsyncGenerator<TrainingEvent, Ending, void> {
    const evaluator = await this.#openEmbedder(runner);
    try {
      while (this.#progress.epoch < stage.epochs) {
        if ((yield* this.#steps(stage, runner, stepsPerEpoch)) === "aborted")
          return yield* this.#abort(stage);
        if (evaluator && isEvaluated(stage, this.#progress.epoch)) {
          try {
            yield* this.#evaluate(stage, runner, evaluator);
          } catch (error) {
            if (this.#options.signal?.aborted) return yield* this.#abort(stage);
            throw error;
          }
        }
        this.#progress = { ...this.#progress, epoch: this.#progress.epoch + 1, stepInEpoch: 0 };
        if (stage.stop && this.#progress.sinceBest >= stage.stop.patience) return "patience";
        yield* this.#saveLast(stage);
      }
      return "epochs";
    } finally {
      await evaluator?.dispose();
    }
  }

  /** The rest of an epoch. */
  async *#steps(
    stage: Stage,
    runner: StageRunner,
    stepsPerEpoch: number,
  ): AsyncGenerator<TrainingEvent, "done" | "aborted", void> {
    const batches = readAhead(this.#batches(stage, this.#progress));
    try {
      for (let started = performance.now(); ;) {
        if (this.#options.signal?.aborted) return "aborted";
        const next = await batches.next();
        if (next.done) return this.#checkEpoch(stage, stepsPerEpoch);
        const result = await runner.step(next.value, this.#progress);
        this.#progress = afterStep(this.#progress);
        const now = performance.now();
        const seconds = (now - started) / 1000;
        started = now;
        yield {
          type: "step",
          ...this.#position(stage),
          stepsPerEpoch,
          ...result,
          imagesPerSecond: stage.batchSize / seconds,
          inputWaitFraction: Math.min(1, next.waitedSeconds / seconds),
        };
        const { checkpointEvery = 0 } = this.#options;
        if (checkpointEvery > 0 && this.#progress.globalStep % checkpointEvery === 0)
          yield* this.#saveLast(stage);
      }
    } catch (error) {
      if (this.#options.signal?.aborted) return "aborted";
      throw error;
    } finally {
      await batches.close();
    }
  }

  #batches(stage: Stage, { epoch, stepInEpoch }: Progress): ReturnType<TrainerOptions["data"]["batches"]> {
    const { data, seed, signal } = this.#options;
    const before = this.curriculum
      .slice(0, this.#progress.stage)
      .reduce((sum, { epochs }) => sum + epochs, 0);
    const { ranking } = stage.losses;
    const candidates = ranking?.mining === "paper-a" ? ranking.candidates : 0;
    return data.batches({
      epoch: before + epoch,
      batchSize: stage.batchSize,
      neighbours: stage.neighbours,
      seed,
      skip: stepInEpoch,
      ...(candidates > 0 ? { candidates } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  #checkEpoch(stage: Stage, stepsPerEpoch: number): "done" {
    const { stepInEpoch, epoch } = this.#progress;
    if (stepInEpoch === stepsPerEpoch) return "done";
    const message = `stage '${stage.name}', epoch ${epoch}: expected ${stepsPerEpoch} batches, got ${stepInEpoch}`;
    throw new TrainingError("DATA", message, { expected: stepsPerEpoch, got: stepInEpoch });
  }

  async *#evaluate(
    stage: Stage,
    runner: StageRunner,
    embedder: Embedder,
  ): AsyncGenerator<TrainingEvent, void, void> {
    const event = await this.#measure(stage, embedder);
    this.#progress = event.best
      ? { ...this.#progress, best: event.metric, sinceBest: 0 }
      : { ...this.#progress, sinceBest: this.#progress.sinceBest + 1 };
    const path = event.best
      ? await this.#files.saveModel(this.store, "best", stage.name, evaluatedKey(runner.layout))
      : undefined;
    yield event;
    if (path !== undefined) yield { type: "checkpoint", ...this.#position(stage), path, kind: "best" };
  }

  async #measure(stage: Stage, embedder: Embedder): Promise<EvaluationEvent> {
    const started = performance.now();
    const config = this.evaluation!;
    const data = this.#options.data.evaluation(config.split);
    const result = await evaluateWith(embedder, this.store, data, config, this.#options.signal);
    const metric = metricOf(result.main, stage.stop?.metric ?? "rsum");
    const best = this.#progress.best === null || metric > this.#progress.best;
    const seconds = (performance.now() - started) / 1000;
    return { type: "evaluation", ...this.#position(stage), result, metric, best, seconds };
  }

  async #openEmbedder(runner: StageRunner): Promise<Embedder | undefined> {
    if (!this.evaluation) return undefined;
    const { batchSize, convolutional } = this.evaluation;
    return Embedder.open(this.store, this.model, {
      batchSize,
      convolutional,
      source: this.#source,
      storeKey: evaluatedKey(runner.layout),
    });
  }

  async *#abort(stage: Stage): AsyncGenerator<TrainingEvent, "aborted", void> {
    const path = await this.#files.saveLast(this.store, this.#progress);
    yield { type: "aborted", ...this.#position(stage), path };
    return "aborted";
  }

  async *#saveLast(stage: Stage): AsyncGenerator<TrainingEvent, void, void> {
    const path = await this.#files.saveLast(this.store, this.#progress);
    if (path !== undefined) yield { type: "checkpoint", ...this.#position(stage), path, kind: "last" };
  }

  /** Averages become the parameters, optimizer state goes, and the run stands at the next stage. */
  async *#endStage(
    stage: Stage,
    { layout }: StageRunner,
    reason: "epochs" | "patience",
  ): AsyncGenerator<TrainingEvent, void, void> {
    const position = this.#position(stage);
    const { best, globalStep } = this.#progress;
    await settleState(this.store, layout);
    this.#classifier?.settle();
    const path = await this.#files.saveModel(this.store, "stage", stage.name, (name) => name);
    this.#progress = { ...startOfRun, stage: this.#progress.stage + 1, globalStep };
    yield* this.#saveLast(stage);
    if (path !== undefined) yield { type: "checkpoint", ...position, path, kind: "stage" };
    yield { type: "stage-end", ...position, reason, best: best ?? undefined };
  }

  #position(stage: Stage): StepPosition {
    const { epoch, stageStep, globalStep } = this.#progress;
    return { stage: stage.name, epoch, stageStep, step: globalStep };
  }

  /** (height, width) of the stored pictures. */
  get #source(): SourceSize {
    const [height, width, channels] = this.#options.data.imageShape ?? [];
    return channels === undefined ? undefined : [height!, width!];
  }
}

function afterStep(progress: Progress): Progress {
  return {
    ...progress,
    stepInEpoch: progress.stepInEpoch + 1,
    stageStep: progress.stageStep + 1,
    globalStep: progress.globalStep + 1,
  };
}

function isEvaluated({ evaluateEvery, epochs }: Stage, epoch: number): boolean {
  return epoch === epochs - 1 || (evaluateEvery > 0 && (epoch + 1) % evaluateEvery === 0);
}
