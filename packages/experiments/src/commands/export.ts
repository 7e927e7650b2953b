import { resolve } from "node:path";
import { ExperimentError } from "../errors.js";
import { exportModel, type ExportFormat } from "../export/export-model.js";
import { modelCard } from "../report/card.js";
import { latestCheckpoint, locateTrial, trialExperiment } from "../trial/locate.js";
import type { CommandContext } from "./experiment-run.js";

export interface ExportCommandOptions {
  readonly checkpoint: string;
  readonly format: ExportFormat;
  readonly output?: string | undefined;
  readonly int8?: boolean | undefined;
}

/** `export`: a trained model for use elsewhere, with its preprocessing and its card. Throws CHECKPOINT, USAGE. */
export async function exportCommand(
  { checkpoint, format, output: folder, int8 = false }: ExportCommandOptions,
  { output }: CommandContext,
): Promise<void> {
  if (int8 && format !== "onnx") throw new ExperimentError("USAGE", "--int8 goes with --format onnx.");
  const { directory, file } = locateTrial(checkpoint);
  const experiment = trialExperiment(directory);
  const files = await exportModel({
    checkpoint: file ?? latestCheckpoint(directory, experiment),
    output: resolve(folder ?? `${directory.path}/export-${format}`),
    format,
    int8,
    card: modelCard(experiment, directory),
  });
  output.write(`${files.join("\n")}\n`);
}
