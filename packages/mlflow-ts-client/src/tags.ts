/** Tags that the MLflow UI and server understand. */
export const mlflowTags = {
  runName: "mlflow.runName",
  user: "mlflow.user",
  note: "mlflow.note.content",
  parentRunId: "mlflow.parentRunId",
  sourceName: "mlflow.source.name",
  sourceType: "mlflow.source.type",
  sourceCommit: "mlflow.source.git.commit",
  sourceBranch: "mlflow.source.git.branch",
  sourceRepository: "mlflow.source.git.repoURL",
  loggedImages: "mlflow.loggedImages",
  loggedArtifacts: "mlflow.loggedArtifacts",
  /** On a dataset input: the use of the dataset. */
  datasetContext: "mlflow.data.context",
  /** On an experiment: skips the question for its kind when it has the value of `machineLearningKind`. */
  experimentKind: "mlflow.experimentKind",
  primaryMetricName: "mlflow.experiment.primaryMetric.name",
  primaryMetricGreaterIsBetter: "mlflow.experiment.primaryMetric.greaterIsBetter",
} as const;

/** Value of `mlflowTags.experimentKind` that shows an experiment as "Machine learning". */
export const machineLearningKind = "custom_model_development";

/** Tag that identifies a run across repeated attempts to create it; see `Runs.create`. */
export const runUidTag = "dualpath.run_uid";

export interface SourceDescription {
  readonly name?: string | undefined;
  readonly type?: "NOTEBOOK" | "JOB" | "PROJECT" | "LOCAL" | undefined;
  readonly commit?: string | undefined;
  readonly branch?: string | undefined;
  readonly repository?: string | undefined;
  readonly user?: string | undefined;
}

/** The tags by which the UI shows who started a run, from which program and revision. */
export function sourceTags(source: SourceDescription): Record<string, string> {
  const pairs: [string, string | undefined][] = [
    [mlflowTags.sourceName, source.name],
    [mlflowTags.sourceType, source.type],
    [mlflowTags.sourceCommit, source.commit],
    [mlflowTags.sourceBranch, source.branch],
    [mlflowTags.sourceRepository, source.repository],
    [mlflowTags.user, source.user],
  ];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
