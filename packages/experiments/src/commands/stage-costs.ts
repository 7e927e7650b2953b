import {
  describePrecision,
  explain,
  makePlan,
  SampledClassifier,
  stageGraph,
  type DualPath,
  type Explanation,
  type PrecisionInForce,
  type Stage,
} from "@dualpath/core";
import type { TrainingData } from "@dualpath/datasets";
import { formatText } from "../report/table.js";
import { sourceSize } from "../trial/measure.js";

/** What one stage costs, known before it runs. Bytes are those of the plan; FLOPs are of one step. */
export interface StageCost {
  readonly stage: string;
  readonly epochs: number;
  /** Undefined where the data that say it are not there. */
  readonly steps: number | undefined;
  readonly batchSize: number;
  readonly parameters: number;
  readonly learnt: number;
  readonly flops: number;
  readonly arenaBytes: number;
  /** Parameters, statistics and optimizer state of the stage; a sampled classifier's lie in host memory. */
  readonly storeBytes: number;
  /** Store, the training arena and those of the evaluation beside it. */
  readonly peakBytes: number;
}

/** What explaining needs to know of the data. */
export interface ExplainedData extends Pick<TrainingData, "classes" | "vocabularySize" | "imageShape"> {
  /** Undefined where the data that say it are not there. */
  readonly stepsPerEpoch: (batchSize: number) => number | undefined;
}

/** A stage, planned. */
export interface ExplainedStage {
  readonly explanation: Explanation;
  readonly parameters: number;
  readonly learnt: number;
  /** Bytes of a sampled classifier. */
  readonly centreBytes: number;
}

/** Plans a stage without compiling anything. */
export function explainStage(
  model: DualPath,
  stage: Stage,
  data: ExplainedData,
  precision: PrecisionInForce,
): ExplainedStage {
  const { graph, updates, taps, learnt } = stageGraph(model, stage, sourceSize(data.imageShape));
  const request = { taps: Object.values(taps), effects: updates };
  const plan = makePlan(graph, { ...request, precision: precision.inForce });
  const chosen = new Set(learnt);
  const all = [...model.parameters, ...(model.centres ? [model.centres] : [])];
  return {
    explanation: explain(plan, undefined, { precision: describePrecision(precision) }),
    parameters: countNumbers(all),
    learnt: countNumbers(all.filter(({ name }) => chosen.has(name))),
    centreBytes: centreBytes(model, stage),
  };
}

function centreBytes({ centres }: DualPath, { optimizer }: Stage): number {
  const [rows = 0, dimension = 0] = centres?.shape ?? [];
  return SampledClassifier.bytes({ rows, dimension }, optimizer);
}

const countNumbers = (parameters: DualPath["parameters"]): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);

/** The figures of a planned stage; `evaluationBytes` lie beside its training. */
export function stageCost(
  stage: Stage,
  { explanation, parameters, learnt, centreBytes: outside }: ExplainedStage,
  data: ExplainedData,
  evaluationBytes: number,
): StageCost {
  const { arenaBytes, forwardFlops, backwardFlops, updateFlops } = explanation.totals;
  const storeBytes = explanation.totals.storeBytes + outside;
  const steps = data.stepsPerEpoch(stage.batchSize);
  return {
    stage: stage.name,
    epochs: stage.epochs,
    steps: steps === undefined ? undefined : stage.epochs * steps,
    batchSize: stage.batchSize,
    parameters,
    learnt,
    flops: forwardFlops + backwardFlops + updateFlops,
    arenaBytes,
    storeBytes,
    peakBytes: storeBytes + arenaBytes + evaluationBytes,
  };
}

const HEADER = [
  "stage",
  "epochs",
  "steps",
  "batch",
  "parameters",
  "learnt",
  "GFLOP a step",
  "arena bytes",
  "store bytes",
  "predicted peak bytes",
];

/** The stages as a table for a terminal. */
export function costTable(costs: readonly StageCost[]): string {
  const rows = costs.map((cost) => [
    cost.stage,
    ...[cost.epochs, cost.steps ?? "?", cost.batchSize, cost.parameters, cost.learnt].map(String),
    (cost.flops / 1e9).toFixed(3),
    ...[cost.arenaBytes, cost.storeBytes, cost.peakBytes].map(String),
  ]);
  const steps = costs.reduce((sum, cost) => sum + (cost.steps ?? NaN), 0);
  return `${formatText({ header: HEADER, rows })}\n\nSteps in all: ${Number.isNaN(steps) ? "?" : steps}`;
}
