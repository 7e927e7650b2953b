import {
  createBuildContext,
  describePrecision,
  declareText,
  dualPath,
  evaluatedImage,
  explain,
  formatExplanation,
  Graph,
  imageTrunkFeatures,
  makePlan,
  precisionOn,
  SampledClassifier,
  stageGraph,
  type DualPath,
  type EvaluationConfig,
  type Explanation,
  type PrecisionInForce,
  type Stage,
} from "@dualpath/core";
import type { TrainingData } from "@dualpath/datasets";
import { formatText } from "../report/table.js";
import { sourceSize } from "../trial/measure.js";
import type { Experiment } from "../config/experiment.js";
import { missingRequirements } from "../config/places.js";
import { declaredFeatures } from "../trial/frozen-features.js";
import { openData, type OpenDataOptions } from "../trial/open-data.js";
import { readExperiment, type CommandContext, type RunOptions } from "./experiment-run.js";

export interface ExplainOptions extends Pick<RunOptions, "config" | "data" | "weights"> {
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
  /** Parameters, statistics and optimizer state of the stage; a sampled classifier's lie in host memory. */
  readonly storeBytes: number;
  /** Store, the training arena and those of the evaluation beside it. */
  readonly peakBytes: number;
}

/** `explain`: parameters, FLOPs, exact arena bytes, store bytes, predicted peak and steps of every stage. */
export async function explainCommand(options: ExplainOptions, context: CommandContext): Promise<StageCost[]> {
  const { workspace, output, signal } = context;
  const { experiment, file } = readExperiment(options, context);
  const write = (line: string): void => void output.write(`${line}\n`);
  const { name, data, close } = await explainedData(experiment, { workspace, signal, onProgress: write });
  try {
    const { classes, vocabularySize: vocabulary } = data;
    const model = dualPath(experiment.model, { classes, vocabulary });
    const evaluation = evaluationArena(model, experiment.evaluation, data);
    const precision = explainedPrecision(experiment);
    const stages = experiment.curriculum.map((stage) => ({
      stage,
      plan: explainStage(model, stage, data, precision),
    }));
    write(`${file}: ${name}, ${classes} classes, ${vocabulary} words, ${describePrecision(precision)}\n`);
    if (options.nodes === true)
      for (const { plan } of stages) write(`${formatExplanation(plan.explanation)}\n`);
    const costs = stages.map(({ stage, plan }) => stageCost(stage, plan, data, evaluation));
    write(costTable(costs));
    return costs;
  } finally {
    await close();
  }
}

/** What explaining needs to know of the data. */
type ExplainedData = Pick<TrainingData, "classes" | "vocabularySize" | "imageShape" | "stepsPerEpoch">;

interface OpenedSizes {
  readonly name: string;
  readonly data: ExplainedData;
  close(): Promise<void>;
}

/** The data themselves or, where they are not there, the sizes that the experiment expects of them. */
async function explainedData(experiment: Experiment, options: OpenDataOptions): Promise<OpenedSizes> {
  const { corpus: config, expected } = experiment;
  if (expected !== undefined && missingRequirements(experiment).length > 0) {
    const name = `${config.kind} (not there: sizes as the full data have them)`;
    return { name, data: expectedData(experiment, expected), close: async () => undefined };
  }
  const images = declaredFeatures(experiment);
  const { corpus, data } = await openData(config, { ...options, images });
  return { name: corpus.name, data, close: () => corpus.close() };
}

function expectedData(
  { corpus, features }: Experiment,
  { images, classes, vocabulary }: NonNullable<Experiment["expected"]>,
): ExplainedData {
  const side = "image" in corpus ? corpus.image.size : 0;
  const imageShape = features ? [imageTrunkFeatures(features.trunk)] : [side, side, 3];
  const stepsPerEpoch = (batchSize: number): number => Math.floor(images / batchSize);
  return { classes, vocabularySize: vocabulary, imageShape, stepsPerEpoch };
}

interface ExplainedStage {
  readonly explanation: Explanation;
  readonly parameters: number;
  readonly learnt: number;
  /** Bytes of a sampled classifier. */
  readonly centreBytes: number;
}

/** As this machine computes or, where the experiment's device is not here, as it asks for. */
function explainedPrecision({ device, precision }: Experiment): PrecisionInForce {
  try {
    return precisionOn(device, precision);
  } catch {
    return { wanted: precision, inForce: precision };
  }
}

function explainStage(
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

/** Arena bytes of the two programs that evaluation keeps beside the training. */
function evaluationArena(
  model: DualPath,
  { batchSize, convolutional }: EvaluationConfig,
  data: ExplainedData,
): number {
  const build = (name: string, path: (graph: Graph) => Parameters<typeof makePlan>[1]["taps"]): number => {
    const graph = new Graph(name);
    return makePlan(graph, { taps: path(graph) }).arenaBytes;
  };
  const image = build("evaluate.image", (graph) => {
    const source = sourceSize(data.imageShape);
    const input = evaluatedImage(graph, model, { batchSize, source, convolutional });
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
  { explanation, parameters, learnt, centreBytes: outside }: ExplainedStage,
  data: ExplainedData,
  evaluationBytes: number,
): StageCost {
  const { arenaBytes, forwardFlops, backwardFlops, updateFlops } = explanation.totals;
  const storeBytes = explanation.totals.storeBytes + outside;
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
