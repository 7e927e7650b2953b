import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Trainer } from "@dualpath/core";
import { openData } from "../trial/open-data.js";
import { parseConfigDocument } from "../config/document.js";
import { experimentSchema } from "../config/experiment.js";
import { validated } from "../config/load.js";
import { computedFeatures } from "../trial/frozen-features.js";
import { workspace } from "../workspace/root.js";
import { tinyExperiment, writeTinyCorpus } from "./tiny-corpus.js";
import { onTinyFeatures, writeTinyTrunk } from "./tiny-trunk.js";

/** A model trained on the tiny corpus below a folder, and the photos that it was trained on. */
export interface TrainedTiny {
  readonly checkpoint: string;
  readonly photos: string;
}

/** Trains the tiny experiment in this process; another seed gives another model. */
export async function trainTiny(folder: string, seed = 1, epochs = 12): Promise<TrainedTiny> {
  const text = tinyExperiment(join(folder, "corpus"), "", epochs);
  return train(folder, join(folder, `checkpoints-${seed}`), text, seed);
}

/** Trains the tiny experiment on the features of a frozen trunk, in the directory of a trial. */
export async function trainTinyOnFeatures(folder: string): Promise<TrainedTiny> {
  const weights = join(folder, "trunk.safetensors");
  await writeTinyTrunk(weights);
  const text = onTinyFeatures(tinyExperiment(join(folder, "corpus"), "", 1), weights, "flip");
  const trial = join(folder, "trial");
  mkdirSync(trial, { recursive: true });
  writeFileSync(join(trial, "config.yaml"), text);
  return train(folder, join(trial, "checkpoints"), text, 1);
}

async function train(folder: string, directory: string, text: string, seed: number): Promise<TrainedTiny> {
  const corpusFolder = join(folder, "corpus");
  await writeTinyCorpus(corpusFolder);
  const experiment = validated(parseConfigDocument(text, "tiny.yaml"), experimentSchema);
  const { model, curriculum, evaluation } = experiment;
  const local = { ...workspace(), local: join(folder, "local") };
  const images = computedFeatures(experiment, { workspace: local, threads: 1 });
  const { corpus, data } = await openData(experiment.corpus, { workspace: local, images });
  const settings = { device: "cpu", threads: 1, directory, seed } as const;
  const trainer = new Trainer({ model, curriculum, evaluation, data, ...settings });
  for await (const event of trainer.run())
    if (event.type === "aborted") throw new Error("the training stopped");
  await trainer.dispose();
  await corpus.close();
  return { checkpoint: join(directory, "stage-stage-II.safetensors"), photos: join(corpusFolder, "images") };
}
