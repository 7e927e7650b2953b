import type { PrecisionInForce } from "../engine/precision.js";
import type { EvaluationResult } from "./evaluate.js";

/** Where a training step stands. */
export interface StepPosition {
  readonly stage: string;
  /** 0-based. */
  readonly epoch: number;
  /** 1-based steps of the stage and of the run, this one included. */
  readonly stageStep: number;
  readonly step: number;
}

/** A stage is compiled and begins, or goes on. */
export interface StageStartEvent {
  readonly type: "stage-start";
  readonly stage: string;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Number of parameters (single numbers) that learn. */
  readonly learntParameters: number;
  /** True when the stage goes on from a checkpoint. */
  readonly resumed: boolean;
  /** How the steps compute products, and why so where something else was asked for. */
  readonly precision: PrecisionInForce;
}

/** One optimizer step is done. */
export interface StepEvent extends StepPosition {
  readonly type: "step";
  readonly stepsPerEpoch: number;
  /** Weighted sum of the losses. */
  readonly loss: number;
  /** Unweighted losses by name: "instance.image", "instance.text", "ranking", "contrastive". */
  readonly losses: Readonly<Record<string, number>>;
  /** Before the groups' multipliers. */
  readonly learningRate: number;
  /** Global norm of the gradients before clipping, where clipping is on. */
  readonly gradientNorm?: number;
  readonly imagesPerSecond: number;
  /** Share of the step's time spent waiting for the batch. */
  readonly inputWaitFraction: number;
}

/** Retrieval on the watched split was measured. */
export interface EvaluationEvent extends StepPosition {
  readonly type: "evaluation";
  readonly result: EvaluationResult;
  /** The watched metric, and whether it is the best of the stage so far. */
  readonly metric: number;
  readonly best: boolean;
  readonly seconds: number;
}

/** A checkpoint was written. */
export interface CheckpointEvent extends StepPosition {
  readonly type: "checkpoint";
  readonly path: string;
  readonly kind: "last" | "best" | "stage";
}

/** A stage has ended, and why. */
export interface StageEndEvent extends StepPosition {
  readonly type: "stage-end";
  readonly reason: "epochs" | "patience";
  /** Best value of the watched metric, where the stage was evaluated. */
  readonly best: number | undefined;
}

/** The signal was raised: the last finished step is in the checkpoint (without a directory: nowhere). */
export interface AbortedEvent extends StepPosition {
  readonly type: "aborted";
  readonly path: string | undefined;
}

/** The last stage has ended. */
export interface DoneEvent {
  readonly type: "done";
  readonly steps: number;
}

/** What a running trainer reports, in order. */
export type TrainingEvent =
  StageStartEvent | StepEvent | EvaluationEvent | CheckpointEvent | StageEndEvent | AbortedEvent | DoneEvent;
