import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { localFolder, workspaceRoot } from "../session/workspace.js";

const configOf = (folder: string): string => `name: shapes
seed: 1
corpus:
  kind: captions
  name: shapes
  images: ${join(folder, "images")}
  captions: ${join(folder, "captions.csv")}
  splits: { validation: 8, test: 8 }
  image: { size: 32, crop: none }
  text: { length: 8 }
model:
  image: { kind: resnet, depth: 18, width: 0.125, stem: small, inputSize: 32, stages: [1, 1] }
  text: { kind: mean-words, length: 8, wordDimension: 16 }
  embedding: 16
curriculum:
  - { name: stage-I, epochs: 3, batchSize: 8, losses: { instance: {} }, optimizer: { kind: sgd }, learningRate: 0.05 }
evaluation: { split: validation, batchSize: 8 }
report: { splits: [test] }
sweep:
  space: { curriculum.0.learningRate: [0.005, 0.05, 0.2], seed: [1, 2] }
  parallel: 2
tracking: { logEvery: 1 }
`;

/** A finished sweep of six trials in an MLflow server of its own. */
export interface FinishedSweep {
  readonly uri: string;
  stop(): Promise<void>;
}

/** Runs a small sweep on the shapes in `folder`, as a person would from the command line. */
export async function runSweep(folder: string): Promise<FinishedSweep> {
  const local = join(folder, "local");
  const cli = join(workspaceRoot(), "packages", "experiments", "dist", "cli.js");
  const env = {
    ...process.env,
    DUALPATH_HOME: local,
    DUALPATH_RUNS: join(folder, "runs"),
    DUALPATH_MLFLOW_ENV: process.env["DUALPATH_MLFLOW_ENV"] ?? localFolder("mlflow-env"),
    MLFLOW_TRACKING_URI: "",
  };
  const command = (...parameters: string[]) =>
    promisify(execFile)(process.execPath, [cli, ...parameters], { env });
  const config = join(folder, "sweep.yaml");
  writeFileSync(config, configOf(folder));
  await command("sweep", "--config", config);
  const { uri } = JSON.parse(readFileSync(join(local, "mlflow", "server.json"), "utf8")) as { uri: string };
  return { uri, stop: async () => void (await command("mlflow", "--stop")) };
}
