import { existsSync } from "node:fs";
import { join } from "node:path";
import { mlflowTags, readJournal, RunJournal, type JournalEntry } from "@dualpath/mlflow-ts-client";
import { formatMarkdown, ranked } from "../report/table.js";
import { makeDirectory, type SweepDirectory } from "../sweep/directory.js";
import { experimentTags } from "./identity.js";
import { sweepRunTags, type SweepRecord } from "./trial-run.js";
import type { SweepSummary } from "./tracker.js";

const LONGEST_NOTE = 7500;

/**
 * One run that sums the sweep up: its table as note and file, its config, the best trial's figures. Written when the
 * sweep is complete, and again only when the table has changed. Returns the run's folder.
 */
export function recordSummary(
  record: SweepRecord,
  directory: SweepDirectory,
  summary: SweepSummary,
): { path: string } {
  const folder = { path: directory.summary };
  const note = formatMarkdown(summary.table).slice(0, LONGEST_NOTE);
  if (!summary.complete || summary.rows.length < 2 || lastNote(folder.path) === note) return folder;
  makeDirectory(folder.path);
  const journal = new RunJournal(folder.path, {
    experiment: record.tracking.experiment,
    runName: `${record.sweep.name} (summary)`,
    uid: `${record.sweep.id}/summary`,
    tags: sweepRunTags(record, "summary"),
    experimentTags: experimentTags(record.objective),
  });
  const [best] = ranked(summary.rows, summary.objective);
  journal.tags({ [mlflowTags.note]: note, "sweep.best_trial": best?.plan.id ?? "none" });
  journal.summary(best?.metrics ?? {});
  journal.artifact(directory.table, "table.md");
  if (existsSync(directory.config)) journal.artifact(directory.config, "config.yaml");
  journal.finish("FINISHED");
  void journal.close();
  return folder;
}

function lastNote(path: string): string | undefined {
  if (!existsSync(join(path, "journal.jsonl"))) return undefined;
  const isTags = (entry: JournalEntry): entry is Extract<JournalEntry, { kind: "tags" }> =>
    entry.kind === "tags";
  return readJournal(path)
    .filter(isTags)
    .map(({ tags }) => tags[mlflowTags.note])
    .findLast((note) => note !== undefined);
}
