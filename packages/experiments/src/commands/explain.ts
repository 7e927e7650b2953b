import {
  createBuildContext,
  declareImage,
  declareText,
  dualPath,
  explain,
  formatExplanation,
  Graph,
  makePlan,
  stageGraph,
  type DualPath,
  type Explanation,
  type Stage,
} from "@dualpath/core";
import type { TrainingData } from "@dualpath/datasets";
import { formatText } from "../report/table.js";
import { sourceSize } from "../trial/measure.js";
import { openData } from "../trial/open-data.js";
import { readExperiment, type CommandContext, type RunOptions } from "./experiment-run.js";

export interface ExplainOptions extends Pick<RunOptions, "config" | "data"> {
  /** Print every node of every stage as well. */
  readonly nodes?: boolean | undefined;
}

/** What one stage costs, known before it runs. Bytes are those of the plan; FLOPs are of one step. */
export interface StageCost {
  readonly stage: string;
  readonly epochs: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly parameters: number;
  readonly learnt: number;
  readonly flops: number;
  readonly arenaBytes: number;
  /** Parameters, statistics and optimizer state of the stage. */
  readonly storeBytes: number;
  /** Store, the training arena and those of the evaluation beside it. */
  readonly peakBytes: number;
}

/** `explain`: parameters, FLOPs, exact arena bytes, store bytes, predicted peak and steps of every stage. */
export async function explainCommand(options: ExplainOptions, context: CommandContext): Promise<StageCost[]> {
  const { workspace, output, signal } = context;
  const { experiment, file } = readExperiment(options, context);
  const write = (line: string): void => void output.write(`${line}\n`);
  const { corpus, data } = await openData(experiment.corpus, { workspace, signal, onProgress: write });
  try {
    const { classes, vocabularySize: vocabulary } = data;
    const model = dualPath(experiment.model, { classes, vocabulary });
    const evaluation = evaluationArena(model, experiment.evaluation.batchSize, data);
    const stages = experiment.curriculum.map((stage) => ({ stage, plan: explainStage(model, stage, data) }));
    write(`${file}: ${corpus.name}, ${classes} classes, ${vocabulary} words\n`);
    if (options.nodes === true)
      for (const { plan } of stages) write(`${formatExplanation(plan.explanation)}\n`);
    const costs = stages.map(({ stage, plan }) => stageCost(stage, plan, data, evaluation));
    write(costTable(costs));
    return costs;
  } finally {
    await corpus.close();
  }
}

interface ExplainedStage {
  readonly explanation: Explanation;
  readonly parameters: number;
  readonly learnt: number;
}

function explainStage(model: DualPath, stage: Stage, data: TrainingData): ExplainedStage {
  const { graph, updates, taps, learnt } = stageGraph(model, stage, sourceSize(data.imageShape));
  const plan = makePlan(graph, { taps: Object.values(taps), effects: updates });
  const chosen = new Set(learnt);
  return {
    explanation: explain(plan),
    parameters: countNumbers(model.parameters),
    learnt: countNumbers(model.parameters.filter(({ name }) => chosen.has(name))),
  };
}

const countNumbers = (parameters: DualPath["parameters"]): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);

/** Arena bytes of the two programs that evaluation keeps beside the training. */
function evaluationArena(model: DualPath, batchSize: number, data: TrainingData): number {
  const build = (name: string, path: (graph: Graph) => Parameters<typeof makePlan>[1]["taps"]): number => {
    const graph = new Graph(name);
    return makePlan(graph, { taps: path(graph) }).arenaBytes;
  };
  const image = build("evaluate.image", (graph) => {
    const input = declareImage(graph, model.config, batchSize, sourceSize(data.imageShape));
    return [model.buildImage(createBuildContext(graph, { mode: "evaluate" }), input).projection];
  });
  const text = build("evaluate.text", (graph) => {
    const input = declareText(graph, model.config, batchSize);
    return [model.buildText(createBuildContext(graph, { mode: "evaluate" }), input).projection];
  });
  return image + text;
}

function stageCost(
  stage: Stage,
  { explanation, parameters, learnt }: ExplainedStage,
  data: TrainingData,
  evaluationBytes: number,
): StageCost {
  const { arenaBytes, storeBytes, forwardFlops, backwardFlops, updateFlops } = explanation.totals;
  return {
    stage: stage.name,
    epochs: stage.epochs,
    steps: stage.epochs * data.stepsPerEpoch(stage.batchSize),
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

function costTable(costs: readonly StageCost[]): string {
  const rows = costs.map((cost) => [
    cost.stage,
    ...[cost.epochs, cost.steps, cost.batchSize, cost.parameters, cost.learnt].map(String),
    (cost.flops / 1e9).toFixed(3),
    ...[cost.arenaBytes, cost.storeBytes, cost.peakBytes].map(String),
  ]);
  return `${formatText({ header: HEADER, rows })}\n\nSteps in all: ${costs.reduce((sum, { steps }) => sum + steps, 0)}`;
}
