import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Experiment } from "../config/experiment.js";
import type { TrialDirectory } from "../sweep/directory.js";
import { readResult, type ResultRow } from "../trial/result.js";
import { scoreColumns } from "./score-table.js";
import { formatMarkdown } from "./table.js";

const versionsSchema = z.looseObject({
  git: z.looseObject({ commit: z.string().optional(), dirty: z.boolean().optional() }).optional(),
});

/** What anyone who uses a trained model should know of it: data, split, recipe, metrics, commit. */
export function modelCard(
  experiment: Experiment,
  directory: TrialDirectory,
  rows: readonly ResultRow[] = readResult(directory.result)?.rows ?? [],
): string {
  const { name, seed, features, model, corpus, curriculum, evaluation, report } = experiment;
  const sections: readonly (readonly [string, string])[] = [
    ["Data", `Corpus \`${corpus.kind}\`:\n\n${json(corpus)}`],
    ["Split", `Weights chosen on \`${evaluation.split}\`, reported on \`${report.splits.join("`, `")}\`.`],
    ["Model", json(features === undefined ? model : { features, model })],
    ["Recipe", `Seed ${seed}.\n\n${json(curriculum)}`],
    ["Metrics", metrics(rows)],
    ["Commit", commitOf(directory)],
  ];
  return `# ${name}\n\n${sections.map(([title, text]) => `## ${title}\n\n${text}\n`).join("\n")}`;
}

const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;

function metrics(rows: readonly ResultRow[]): string {
  if (rows.length === 0) return "The run has not been measured to its end.";
  const scores = scoreColumns(rows);
  const lines = rows.map((row) => [row.name, row.split, ...scores.cells(row)]);
  return formatMarkdown({ header: ["stage", "split", ...scores.header], rows: lines });
}

function commitOf({ versions }: TrialDirectory): string {
  const read = existsSync(versions) ? versionsSchema.parse(JSON.parse(readFileSync(versions, "utf8"))) : {};
  const { commit, dirty } = read.git ?? {};
  if (commit === undefined) return "Trained outside a git checkout.";
  return dirty === true ? `${commit}, with changes that were not committed.` : commit;
}
