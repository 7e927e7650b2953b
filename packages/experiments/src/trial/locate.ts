import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { experimentSchema, type Experiment } from "../config/experiment.js";
import { readDocument } from "../config/document.js";
import { loadExperiment } from "../config/load.js";
import { ExperimentError } from "../errors.js";
import { refuseLocalization } from "../localization/config.js";
import { trialDirectory, type TrialDirectory } from "../sweep/directory.js";
import { stageCheckpoint } from "./final-report.js";

/** What a person has named as a checkpoint: a trial's directory, or one file in it. */
export interface Located {
  readonly directory: TrialDirectory;
  readonly file: string | undefined;
}

/** Finds a trial by its directory, its checkpoints folder or a .safetensors file in it. Throws CHECKPOINT. */
export function locateTrial(checkpoint: string): Located {
  const path = resolve(checkpoint);
  if (!existsSync(path)) {
    const message = `${checkpoint}: there is no such checkpoint. Name a trial's directory, as runs/<name>/<trial>.`;
    throw new ExperimentError("CHECKPOINT", message, { checkpoint });
  }
  const isFile = statSync(path).isFile();
  const folder = isFile ? dirname(path) : path;
  const directory = trialDirectory(basename(folder) === "checkpoints" ? dirname(folder) : folder);
  return { directory, file: isFile ? path : undefined };
}

/** The file of the last stage's model. Throws CHECKPOINT when nothing has been trained. */
export function latestCheckpoint(directory: TrialDirectory, experiment: Experiment): string {
  const stages = experiment.curriculum
    .map(({ name }) => stageCheckpoint(directory, experiment, name))
    .reverse();
  const candidates = [...stages, join(directory.checkpoints, "last.safetensors")];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  const message = `${directory.checkpoints} holds no checkpoint yet. Train it first, or name a .safetensors file.`;
  throw new ExperimentError("CHECKPOINT", message, { directory: directory.checkpoints });
}

/** Throws CHECKPOINT unless the folder is a trial's, USAGE where it is a run of phrase localization or a stage of one. */
export function requireTrial(directory: TrialDirectory): void {
  const configs = [directory.config, trialDirectory(dirname(directory.path)).config];
  for (const config of configs) if (existsSync(config)) refuseLocalization(readDocument(config));
  if (existsSync(directory.config)) return;
  const message = `${directory.path} holds no config.yaml: it is no trial's directory. Name one, as runs/<name>/<trial>.`;
  throw new ExperimentError("CHECKPOINT", message, { directory: directory.path });
}

/** What a trial was told to train. Throws CHECKPOINT unless the folder is a trial's. */
export function trialExperiment(directory: TrialDirectory): Experiment {
  requireTrial(directory);
  return loadExperiment(directory.config, experimentSchema).experiment;
}

/** The model file that a person means: the one named, or the last stage's of the trial named. Throws CHECKPOINT. */
export function modelFile(checkpoint: string): string {
  const { directory, file } = locateTrial(checkpoint);
  if (file !== undefined) return file;
  return latestCheckpoint(directory, trialExperiment(directory));
}
