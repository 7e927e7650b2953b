import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readJournal } from "@dualpath/mlflow-ts-client";
import { trialDirectory, type TrialDirectory } from "../sweep/directory.js";
import { openTrialJournal, readTrialRun, sweepTags } from "./identity.js";
import type { TrackedSweep } from "./tracker.js";

/**
 * Holds the recorded trials against the plan: one that the space no longer contains loses the sweep's tag, one that
 * has come back gets it again, so that the tag finds exactly the trials of the table. Returns whose journals changed.
 */
export async function matchPlan({ id, directory, plans }: TrackedSweep): Promise<TrialDirectory[]> {
  const planned = new Set(plans.map((plan) => plan.id));
  const changed: TrialDirectory[] = [];
  for (const name of readdirSync(directory.path)) {
    const trial = trialDirectory(join(directory.path, name));
    const wanted = planned.has(name) ? id : `${id} (no longer planned)`;
    if (await retag(trial, wanted)) changed.push(trial);
  }
  return changed;
}

async function retag(trial: TrialDirectory, wanted: string): Promise<boolean> {
  const run = readTrialRun(trial);
  if (run === undefined || !existsSync(trial.journal) || currentTag(trial) === wanted) return false;
  const tags = { ...run.tags, [sweepTags.id]: wanted };
  const journal = openTrialJournal(trial, { ...run, tags: {} });
  journal.tags(tags);
  if (existsSync(trial.result)) journal.finish("FINISHED");
  await journal.close();
  return true;
}

function currentTag({ path }: TrialDirectory): string | undefined {
  const known = readJournal(path).flatMap((entry) => {
    const tag = entry.kind === "tags" || entry.kind === "run" ? entry.tags[sweepTags.id] : undefined;
    return tag === undefined ? [] : [tag];
  });
  return known.at(-1);
}
