import {
  createBuildContext,
  describePrecision,
  declareText,
  dualPath,
  evaluatedImage,
  formatExplanation,
  Graph,
  imageTrunkFeatures,
  makePlan,
  precisionOn,
  type DualPath,
  type EvaluationConfig,
  type PrecisionInForce,
} from "@dualpath/core";
import { sourceSize } from "../trial/measure.js";
import type { Experiment } from "../config/experiment.js";
import { missingRequirements } from "../config/places.js";
import { sizeWarning } from "../trial/expected-sizes.js";
import { declaredFeatures } from "../trial/frozen-features.js";
import { openData, type OpenDataOptions } from "../trial/open-data.js";
import { isLocalization } from "../localization/config.js";
import { readDocument } from "../config/document.js";
import { explainLocalization } from "./explain-localization.js";
import { readExperiment, type CommandContext, type RunOptions } from "./experiment-run.js";
import { findConfig } from "./find-config.js";
import { costTable, explainStage, stageCost, type ExplainedData, type StageCost } from "./stage-costs.js";

export interface ExplainOptions extends Pick<RunOptions, "config" | "data" | "weights"> {
  /** Print every node of every stage as well. */
  readonly nodes?: boolean | undefined;
}

/** `explain`: parameters, FLOPs, exact arena bytes, store bytes, predicted peak and steps of every stage. */
export async function explainCommand(options: ExplainOptions, context: CommandContext): Promise<StageCost[]> {
  const { workspace, output, signal } = context;
  const found = findConfig(options.config, workspace);
  if (isLocalization(readDocument(found))) return explainLocalization({ ...options, file: found }, context);
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
  const warning = sizeWarning(experiment, data);
  if (warning !== undefined) options.onProgress?.(`${warning}\n`);
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

/** As this machine computes or, where the experiment's device is not here, as it asks for. */
function explainedPrecision({ device, precision }: Experiment): PrecisionInForce {
  try {
    return precisionOn(device, precision);
  } catch {
    return { wanted: precision, inForce: precision };
  }
}

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
