import { userInfo } from "node:os";
import { sourceTags } from "@dualpath/mlflow-ts-client";
import { shown } from "../config/problems.js";
import type { TrackingConfig } from "../config/schema.js";
import { describePoint, type TrialPlan } from "../space/plan.js";
import type { Objective } from "../space/schema.js";
import type { GitState } from "../workspace/versions.js";
import { sweepTags, type TrialRun } from "./identity.js";
import { flattenParameters, logarithm } from "./parameters.js";
import type { TrackedSweep } from "./tracker.js";

/** What is the same for all runs of a sweep. */
export interface SweepRecord {
  readonly sweep: Pick<TrackedSweep, "id" | "name">;
  readonly tracking: TrackingConfig;
  readonly objective: Objective;
  readonly git: GitState;
}

/** A trial as the tracking server shall know it: name, tags, resolved hyper-parameters. */
export function trialRun(record: SweepRecord, plan: TrialPlan): TrialRun {
  const { sweep, tracking, objective } = record;
  return {
    experiment: tracking.experiment,
    runName: describePoint(plan.point) || sweep.name,
    uid: `${sweep.id}/${plan.id}`,
    tags: { ...sweepRunTags(record, "trial"), [sweepTags.trial]: plan.id },
    params: { ...flattenParameters(plan.config), ...pointParameters(plan) },
    objective,
  };
}

/** The tags of any run of a sweep. */
export function sweepRunTags({ sweep, git }: SweepRecord, role: "trial" | "summary"): Record<string, string> {
  const { commit, branch } = git;
  return {
    ...sourceTags({ name: "dualpath experiments", type: "LOCAL", commit, branch, user: userName() }),
    [sweepTags.id]: sweep.id,
    [sweepTags.name]: sweep.name,
    [sweepTags.role]: role,
  };
}

// Variants are in no path of the config, so they are parameters by their own name.
function pointParameters({ point }: TrialPlan): Record<string, string> {
  const entries = Object.entries(point).map(([key, value]) => [key.replaceAll("*", "all"), value] as const);
  return Object.fromEntries(
    entries.flatMap(([key, value]) => [[key, text(value)], ...logarithm(key, value)]),
  );
}

const text = (value: unknown): string => (typeof value === "string" ? value : shown(value));

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
