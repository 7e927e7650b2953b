import type { Store } from "../engine/store.js";
import type { Precision } from "../graph/precision.js";
import type { DualPath } from "../models/dual-path.js";
import { unmatchedGroups } from "../optim/groups.js";
import type { TrainingData } from "./data.js";
import { TrainingError } from "./errors.js";
import type { Curriculum } from "./stage.js";

/**
 * What a {@link Trainer} is made of. `model`, `curriculum` and `evaluation` are checked by their schemas; to be checked
 * while they are written, declare them as {@link ModelInput}, {@link CurriculumInput} and {@link EvaluationInput}.
 */
export interface TrainerOptions {
  readonly model: unknown;
  readonly curriculum: unknown;
  readonly data: TrainingData;
  /** How validation is measured; absent: no evaluation. */
  readonly evaluation?: unknown;
  /** From 0 to 2^32 - 1; initial values, sampling and dropout all derive from it. */
  readonly seed: number;
  /** Folder of the checkpoints; absent: none are written. */
  readonly directory?: string;
  /** Goes on from the directory's last checkpoint where there is one. */
  readonly resume?: boolean;
  /** Steps between checkpoints inside an epoch; one at each epoch's end is always written. */
  readonly checkpointEvery?: number;
  readonly device?: "auto" | "cpu" | "cuda" | `cuda:${number}` | "reference";
  readonly threads?: number;
  /**
   * How training steps compute products where the device can, else f32 for the reason in `stage-start` (default f32).
   * Parameters and checkpoints are f32 whatever it is, and evaluation computes in f32.
   */
  readonly precision?: Precision;
  /** Stops at the next step and leaves a checkpoint. */
  readonly signal?: AbortSignal;
  /** First word vectors [vocabulary, wordDimension]; words whose row is all zero keep random ones. */
  readonly wordVectors?: Float32Array;
  /** Called on a fresh Store after the initial values are written: the place to load pretrained weights. */
  readonly prepare?: (store: Store, model: DualPath) => Promise<void>;
}

const fail = (what: string, expected: unknown, got: unknown): never => {
  throw new TrainingError("DATA", `training data: ${what}: expected ${expected}, got ${got}`, {
    what,
    expected,
    got,
  });
};

/** Throws DATA unless the data fit the model: kind and size of pictures, features and texts. */
export function checkData(data: TrainingData, { config }: DualPath): void {
  const { image, text } = config;
  const rank = image.kind === "features" ? 1 : 3;
  const shape = data.imageShape;
  if (shape && shape.length !== rank)
    fail("imageShape", rank === 3 ? "[height, width, 3]" : "[dimension]", `[${shape}]`);
  if (image.kind === "features" && shape && shape[0] !== image.dimension) {
    fail("image features", `model.image.dimension = ${image.dimension}`, shape[0]);
  }
  const length = text.kind === "vector" ? text.dimension : text.length;
  if (data.length !== length) {
    fail(
      "text length",
      `model.text.${text.kind === "vector" ? "dimension" : "length"} = ${length}`,
      data.length,
    );
  }
}

/** Throws CONFIG for a glob that matches none of the model's parameters: most likely a misspelling. */
export function checkGlobs(curriculum: Curriculum, { parameters, centres }: DualPath): void {
  const names = [...parameters, ...(centres ? [centres] : [])].map(({ name }) => name);
  for (const { name: stage, trainable, frozen, groups } of curriculum) {
    const places = {
      trainable: [{ match: trainable, multiplier: 1 }],
      frozen: [{ match: frozen, multiplier: 1 }],
      groups,
    };
    for (const [place, list] of Object.entries(places)) {
      const [glob] = unmatchedGroups(list, names);
      if (glob === undefined) continue;
      const message = `stage '${stage}': ${place}: '${glob}' matches no parameter of the model`;
      throw new TrainingError("CONFIG", message, { stage, place, glob });
    }
  }
}

/** Throws CONFIG where a stage starts from best weights that no evaluation chooses, DATA for an empty epoch. */
export function checkCurriculum(curriculum: Curriculum, data: TrainingData, evaluated: boolean): void {
  curriculum.forEach((stage, index) => {
    if (stage.startFrom === "best" && index > 0 && !evaluated) {
      const message = `stage '${stage.name}': startFrom: best needs an evaluation, and none is configured`;
      throw new TrainingError("CONFIG", message, { stage: stage.name });
    }
    if (stage.stop && !evaluated) {
      const message = `stage '${stage.name}': stop needs an evaluation, and none is configured`;
      throw new TrainingError("CONFIG", message, { stage: stage.name });
    }
    if (data.stepsPerEpoch(stage.batchSize) < 1) {
      const message = `stage '${stage.name}': batch size ${stage.batchSize} is larger than the training set`;
      throw new TrainingError("DATA", message, { stage: stage.name, batchSize: stage.batchSize });
    }
  });
}
