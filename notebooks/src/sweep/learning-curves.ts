import type { MlflowClient } from "@dualpath/mlflow-ts-client";
import type { Series } from "../charts/curve.js";
import { average } from "./regression-tree.js";
import type { SweepFrame, Trial } from "./read-sweep.js";

export interface LearningCurveOptions {
  readonly metric: string;
  /** Parameters whose values are repetitions of one setting, not settings (default: names that end in "seed"). */
  readonly repetitions?: readonly string[];
  readonly signal?: AbortSignal;
}

/** One curve for each setting of a sweep: the mean over its seeds, with a band from the least to the most. */
export async function learningCurves(
  client: MlflowClient,
  frame: SweepFrame,
  { metric, repetitions, signal }: LearningCurveOptions,
): Promise<Series[]> {
  const seeds = repetitions ?? frame.parameters.filter((name) => /seed$/i.test(name));
  const settings = frame.parameters.filter((name) => !seeds.includes(name));
  const runIds = frame.trials.map(({ runId }) => runId);
  const histories = await client.metrics.bulkHistory(
    { runIds, metricKey: metric },
    signal === undefined ? {} : { signal },
  );
  const groups = new Map<string, Trial[]>();
  for (const trial of frame.trials) {
    const name = label(trial, settings);
    groups.set(name, [...(groups.get(name) ?? []), trial]);
  }
  return [...groups].map(([name, trials]) => ({
    name,
    points: band(trials.map(({ runId }) => histories.get(runId) ?? [])),
  }));
}

function label({ parameters }: Trial, settings: readonly string[]): string {
  return settings.map((name) => `${name.split(".").at(-1)} ${parameters[name]}`).join(", ") || "all trials";
}

/** Points at every step that some run has: mean, least and most of the runs that have it. */
function band(
  runs: readonly (readonly { readonly step: number; readonly value: number }[])[],
): Series["points"] {
  const steps = [...new Set(runs.flat().map(({ step }) => step))].sort((one, other) => one - other);
  return steps.map((x) => {
    const values = runs.flatMap((run) => run.filter(({ step }) => step === x).map(({ value }) => value));
    return { x, y: average(values), low: Math.min(...values), high: Math.max(...values) };
  });
}
