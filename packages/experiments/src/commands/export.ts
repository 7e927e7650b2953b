import { resolve } from "node:path";
import { ExperimentError } from "../errors.js";
import { exportModel, type ExportFormat } from "../export/export-model.js";
import { modelCard } from "../report/card.js";
import { formatMarkdown } from "../report/table.js";
import { latestCheckpoint, locateTrial, trialExperiment } from "../trial/locate.js";
import { evaluateCommand } from "./evaluate.js";
import type { EvaluatedRow } from "./evaluated-rows.js";
import type { CommandContext } from "./experiment-run.js";

export interface ExportCommandOptions {
  readonly checkpoint: string;
  readonly format: ExportFormat;
  readonly output?: string | undefined;
  readonly int8?: boolean | undefined;
  /** Folder of the corpus that the loss of int8 weights is measured on, instead of the trial's. */
  readonly data?: string | undefined;
  /** Weights of the frozen trunk, instead of the trial's. */
  readonly weights?: string | undefined;
}

/**
 * `export`: a trained model for use elsewhere, with its preprocessing and its card. int8 weights are measured beside the
 * whole ones on the trial's split first. Throws CHECKPOINT, USAGE, what `evaluate` throws, and CHECKPOINT_* of core.
 */
export async function exportCommand(
  { checkpoint, format, output: folder, int8 = false, data, weights }: ExportCommandOptions,
  context: CommandContext,
): Promise<void> {
  if (int8 && format !== "onnx") throw new ExperimentError("USAGE", "--int8 goes with --format onnx.");
  const { directory, file } = locateTrial(checkpoint);
  const experiment = trialExperiment(directory);
  const exported = file ?? latestCheckpoint(directory, experiment);
  const card = modelCard(experiment, directory);
  const { features } = experiment;
  const measured = { checkpoint: exported, data, weights };
  const files = await exportModel({
    checkpoint: exported,
    output: resolve(folder ?? `${directory.path}/export-${format}`),
    format,
    int8,
    card: int8 ? `${card}\n${await roundingSection(measured, context)}` : card,
    signal: context.signal,
    features: features && { ...features, weights: resolve(weights ?? features.weights) },
  });
  context.output.write(`${files.join("\n")}\n`);
}

/** What rounding costs: retrieval with the weights as they are, and as the export keeps them. */
async function roundingSection(
  options: Pick<ExportCommandOptions, "checkpoint" | "data" | "weights">,
  context: CommandContext,
): Promise<string> {
  const whole = await evaluateCommand(options, context);
  const rounded = await evaluateCommand({ ...options, int8: true }, context);
  const header = ["weights", "gallery", "split", "i2t R@1", "R@5", "R@10", "t2i R@1", "R@5", "R@10", "rsum"];
  const rows = [...whole.map(cells("float32")), ...rounded.map(cells("int8"))];
  return `## int8 weights\n\n${formatMarkdown({ header, rows })}\n`;
}

const cells =
  (weights: string) =>
  ({ gallery, split, imageToText: i2t, textToImage: t2i, rsum }: EvaluatedRow): string[] => [
    weights,
    gallery,
    split,
    ...[i2t.r1, i2t.r5, i2t.r10, t2i.r1, t2i.r5, t2i.r10, rsum].map((value) => value.toFixed(1)),
  ];
