import { existsSync, readFileSync } from "node:fs";
import { RunJournal, machineLearningKind, mlflowTags, type JournaledRun } from "@dualpath/mlflow-ts-client";
import { z } from "zod";
import { writeWhole } from "../process/files.js";
import type { TrialDirectory } from "../sweep/directory.js";

/** Tags by which a sweep's runs are found. */
export const sweepTags = {
  id: "sweep.id",
  name: "sweep.name",
  role: "sweep.role",
  trial: "sweep.trial",
  state: "trial.state",
} as const;

const trialRunSchema = z.object({
  experiment: z.string(),
  runName: z.string(),
  uid: z.string(),
  tags: z.record(z.string(), z.string()),
  params: z.record(z.string(), z.string()),
  objective: z.object({ metric: z.string(), direction: z.string() }),
});

/** Who a trial is to the tracking server; the sweep leaves it in the trial's directory. */
export type TrialRun = z.infer<typeof trialRunSchema>;

export const writeTrialRun = ({ identity }: TrialDirectory, run: TrialRun): void =>
  writeWhole(identity, `${JSON.stringify(run, null, 2)}\n`);

export const readTrialRun = ({ identity }: TrialDirectory): TrialRun | undefined =>
  existsSync(identity) ? trialRunSchema.parse(JSON.parse(readFileSync(identity, "utf8"))) : undefined;

/** The journal of a trial, begun or continued; the tracking server is fed from it. */
export function openTrialJournal(directory: TrialDirectory, run: TrialRun): RunJournal {
  const described: JournaledRun = {
    experiment: run.experiment,
    runName: run.runName,
    uid: run.uid,
    tags: run.tags,
    experimentTags: experimentTags(run.objective),
  };
  return new RunJournal(directory.path, described);
}

/** Tags that make the UI show an experiment as machine learning, with its objective. */
export const experimentTags = (objective: TrialRun["objective"]): Record<string, string> => ({
  [mlflowTags.experimentKind]: machineLearningKind,
  [mlflowTags.primaryMetricName]: objective.metric,
  [mlflowTags.primaryMetricGreaterIsBetter]: objective.direction === "maximize" ? "True" : "False",
});
