import { writeWhole } from "../process/files.js";
import { requirePublishedSplits, splitKind } from "../report/same-split.js";
import { scoreColumns, type ShownScores } from "../report/score-table.js";
import { formatText, type TrialRow } from "../report/table.js";
import { sweepDirectory } from "../sweep/directory.js";
import { readResult, type ResultRow } from "../trial/result.js";
import { meanScores, type Recalls } from "../trial/scores.js";
import { basename, extname, join, resolve } from "node:path";
import type { PublishedRow } from "../config/experiment.js";
import {
  readExperiment,
  sweepCommand,
  trainCommand,
  type CommandContext,
  type RunOptions,
} from "./experiment-run.js";
import { readDocument } from "../config/document.js";
import { findConfig } from "./find-config.js";
import { isLocalization } from "../localization/config.js";
import { localizeCommand } from "./localize.js";
import type { ExperimentEnd } from "./run-experiment.js";

/** A line of a reproduced table: one stage, one seed or the mean over all. */
export interface ReproducedRow extends ShownScores {
  readonly name: string;
  readonly split: string;
  /** "paper": a published row, from `source`. */
  readonly seed: number | "mean" | "paper";
  readonly seconds: number | null;
  readonly source?: string;
}

export interface ReproduceOptions extends Omit<RunOptions, "config" | "folder"> {
  readonly preset: string;
  /** File for the rows as a JSON array. */
  readonly json?: string | undefined;
}

/**
 * `reproduce`: runs a preset, over its seeds and recipes where it sweeps some, and prints every stage's recalls with
 * their means and the paper's row beside them.
 */
export async function reproduceCommand(
  options: ReproduceOptions,
  context: CommandContext,
): Promise<ExperimentEnd> {
  const { preset, json, ...rest } = options;
  const folder = `reproduce-${isFile(preset) ? basename(preset, extname(preset)) : preset.replaceAll("/", "-")}`;
  const file = findConfig(preset, context.workspace);
  if (isLocalization(readDocument(file))) {
    await localizeCommand({ ...rest, file, json, folder }, context);
    return NOTHING_SWEPT;
  }
  const prepared = readExperiment({ ...rest, config: preset }, context);
  const run = prepared.experiment.sweep === undefined ? trainCommand : sweepCommand;
  const end = await run({ ...rest, config: preset, folder }, context);
  if (!end.complete) return end;
  const directory = sweepDirectory(join(context.workspace.runs, folder));
  const resultOf = (id: string) => readResult(directory.trial(id).result);
  const measured = reproducedRows(end.rows, (id) => resultOf(id)?.rows ?? []);
  const rows = withPublished(measured, prepared.experiment.report.published);
  context.output.write(`\n${reproducedTable(rows)}\n`);
  for (const warning of new Set(end.rows.map(({ plan }) => resultOf(plan.id)?.warning)))
    if (warning !== undefined) context.output.write(`\n${warning}\n`);
  if (json !== undefined) writeWhole(resolve(json), `${JSON.stringify(rows, null, 2)}\n`);
  return end;
}

const NOTHING_SWEPT: ExperimentEnd = { complete: true, alreadyComplete: false, failed: [], rows: [] };

const isFile = (preset: string): boolean => extname(preset) !== "";

/** The rows of all trials by stage and seed, each stage followed by its mean, in the order of the trials. */
export function reproducedRows(
  trials: readonly TrialRow[],
  rowsOf: (trial: string) => readonly ResultRow[],
): ReproducedRow[] {
  const rows = trials.flatMap((trial) =>
    rowsOf(trial.plan.id).map((row) => ({ ...row, seed: seedOf(trial) })),
  );
  const names = [...new Set(rows.map(({ name, split }) => `${name}\n${splitKind(split)}`))];
  return names.flatMap((key) => {
    const same = rows.filter(({ name, split }) => `${name}\n${splitKind(split)}` === key);
    const mean = same.length > 1 || trials.some(({ plan }) => Object.keys(plan.point).length > 0);
    return [...same.sort((one, other) => one.seed - other.seed), ...(mean ? [meanRow(same)] : [])];
  });
}

/**
 * The rows of each stage on each split followed by the published ones of the same. Throws SPLIT_MISMATCH for a
 * published row whose stage was measured on other splits only.
 */
export function withPublished(
  rows: readonly ReproducedRow[],
  published: readonly PublishedRow[],
): ReproducedRow[] {
  requirePublishedSplits(
    published,
    rows.map(({ name, split }) => ({ what: name, split })),
  );
  const all = [...rows, ...published.map(publishedRow)];
  const stages = new Set(all.map(({ name }) => name));
  return [...stages].flatMap((stage) => bySplit(all.filter(({ name }) => name === stage)));
}

/** Rows of one split beside each other, splits in the order of their first rows. */
function bySplit(rows: readonly ReproducedRow[]): ReproducedRow[] {
  const kindOf = ({ split }: ReproducedRow): string => splitKind(split);
  return [...new Set(rows.map(kindOf))].flatMap((kind) => rows.filter((row) => kindOf(row) === kind));
}

/** A paper's row in the form of the measured ones. */
export function publishedRow({ name, split, imageToText, textToImage, source }: PublishedRow): ReproducedRow {
  const recalls = (row: PublishedRow["imageToText"]): Recalls | null =>
    row === undefined ? null : { r1: row[0], r5: row[1], r10: row[2] };
  const [forward, backward] = [recalls(imageToText), recalls(textToImage)];
  return { name, split, seed: "paper", imageToText: forward, textToImage: backward, seconds: null, source };
}

const SEED_COORDINATE = /seed$/i;

// The seed that the sweep varies is the one that the table names; it may be the split's.
function seedOf({ plan }: TrialRow): number {
  const varied = Object.entries(plan.point).find(([key]) => SEED_COORDINATE.test(key));
  const seed = Number(varied?.[1] ?? plan.config.seed);
  return Number.isInteger(seed) ? seed : plan.config.seed;
}

function meanRow(rows: readonly (ResultRow & { seed: number })[]): ReproducedRow {
  const seeds = rows.map(({ seed }) => seed).join(", ");
  return {
    name: rows[0]?.name ?? "",
    split: splitKind(rows[0]?.split ?? "", `splits ${seeds}`),
    seed: "mean",
    ...meanScores(rows),
    seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0) / rows.length,
  };
}

/** The rows as a table for a terminal. */
export function reproducedTable(rows: readonly ReproducedRow[]): string {
  const scores = scoreColumns(rows);
  const lines = rows.map((row) => {
    const { name, seed, split, seconds, source } = row;
    const place = source === undefined ? split : `${split} (${source})`;
    return [name, String(seed), ...scores.cells(row), seconds === null ? "-" : seconds.toFixed(0), place];
  });
  return formatText({ header: ["stage", "seed", ...scores.header, "seconds", "split"], rows: lines });
}
