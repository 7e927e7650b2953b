import { allOf, tagEquals, toArray, type MlflowClient, type Run } from "@dualpath/mlflow-ts-client";

/** A value of a hyper-parameter, numbers as numbers. */
export type Cell = number | string;

/** One trial of a sweep. */
export interface Trial {
  readonly runId: string;
  readonly name: string;
  /** What differs within the sweep, by name. */
  readonly parameters: Readonly<Record<string, Cell>>;
  /** Last value of every metric, by key. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** The trials of one sweep as a data frame: a row each. */
export interface SweepFrame {
  readonly id: string;
  readonly name: string;
  /** Names of the parameters that differ. */
  readonly parameters: readonly string[];
  /** The metric that the sweep improved, and whether more of it is better. */
  readonly objective: { readonly metric: string; readonly maximize: boolean };
  /** Best first. */
  readonly trials: readonly Trial[];
}

export interface ReadSweepOptions {
  /** MLflow experiment (default "dualpath"). */
  readonly experiment?: string;
  /** `sweep.id`; default: the sweep that began last. */
  readonly sweep?: string;
  readonly signal?: AbortSignal;
}

/** A sweep that is not there; the message says how to make one. */
export class SweepMissingError extends Error {
  override readonly name = "SweepMissingError";
}

/** Reads the finished trials of a sweep from MLflow. Throws SweepMissingError where there is none. */
export async function readSweep(client: MlflowClient, options: ReadSweepOptions = {}): Promise<SweepFrame> {
  const { experiment: name = "dualpath", signal } = options;
  const call = signal === undefined ? {} : { signal };
  const experiment = await client.experiments.getByName(name, call);
  if (experiment === undefined) throw missing(`MLflow has no experiment '${name}'`);
  const filter = allOf(
    tagEquals("sweep.role", "trial"),
    ...(options.sweep === undefined ? [] : [tagEquals("sweep.id", options.sweep)]),
  );
  const search = {
    experimentIds: [experiment.experimentId],
    filter,
    orderBy: ["attributes.start_time DESC"],
  };
  const runs = (await toArray(client.runs.search(search, call))).filter(
    ({ info }) => info.status === "FINISHED",
  );
  const id = runs[0]?.data.tags["sweep.id"];
  if (id === undefined)
    throw missing(`experiment '${name}' holds no finished trial of ${options.sweep ?? "a sweep"}`);
  const chosen = runs.filter(({ data }) => data.tags["sweep.id"] === id);
  return frameOf(id, chosen, objectiveOf(experiment.tags));
}

const missing = (what: string): SweepMissingError =>
  new SweepMissingError(`${what}; run one with: npx nx run experiments:sweep`);

const objectiveOf = (tags: Readonly<Record<string, string>>): SweepFrame["objective"] => ({
  metric: tags["mlflow.experiment.primaryMetric.name"] ?? "best/val_rsum",
  maximize: tags["mlflow.experiment.primaryMetric.greaterIsBetter"] !== "False",
});

function frameOf(id: string, runs: readonly Run[], objective: SweepFrame["objective"]): SweepFrame {
  const names = differing(runs.map(({ data }) => data.params));
  const sign = objective.maximize ? -1 : 1;
  const trials = runs.map(({ info, data }) => ({
    runId: info.runId,
    name: info.runName,
    parameters: Object.fromEntries(names.map((key) => [key, cell(data.params[key] ?? "")])),
    metrics: Object.fromEntries(Object.entries(data.metrics).map(([key, { value }]) => [key, value])),
  }));
  const goal = ({ metrics }: Trial): number => metrics[objective.metric] ?? -sign * Infinity;
  trials.sort((one, other) => sign * (goal(one) - goal(other)));
  return { id, name: runs[0]?.data.tags["sweep.name"] ?? id, parameters: names, objective, trials };
}

const cell = (value: string): Cell =>
  value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;

/**
 * Names of the parameters that differ between runs, one for each way of differing: where several tell the runs apart
 * alike (a variant sets many things at once, a rate comes with its logarithm), the shortest name stands for them.
 */
function differing(params: readonly Readonly<Record<string, string>>[]): string[] {
  const names = [...new Set(params.flatMap((values) => Object.keys(values)))];
  names.sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  const kept = new Map<string, string>();
  for (const name of names) {
    const partition = grouping(params.map((values) => values[name]));
    if (partition !== undefined && !kept.has(partition)) kept.set(partition, name);
  }
  return [...kept.values()].sort();
}

function grouping(values: readonly (string | undefined)[]): string | undefined {
  const levels = [...new Set(values)];
  return levels.length < 2 ? undefined : values.map((value) => levels.indexOf(value)).join(",");
}

/** The frame's rows with all parameters and the chosen metrics, for a table. */
export function rowsOf(
  frame: SweepFrame,
  metrics: readonly string[] = [frame.objective.metric],
): Record<string, Cell>[] {
  return frame.trials.map((trial) => ({
    ...trial.parameters,
    ...Object.fromEntries(metrics.map((metric) => [metric, trial.metrics[metric] ?? ""])),
  }));
}
