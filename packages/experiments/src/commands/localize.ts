import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { readDocument } from "../config/document.js";
import { canonicalJson } from "../config/identity.js";
import { validated } from "../config/load.js";
import { valueAt } from "../config/path.js";
import { requireData, withWeights } from "../config/places.js";
import { ExperimentError } from "../errors.js";
import { localizationSchema, splitName, type LocalizationConfig } from "../localization/config.js";
import { localize } from "../localization/localize.js";
import type { LocalizationRow } from "../localization/score.js";
import { availableCores } from "../process/cores.js";
import { writeWhole } from "../process/files.js";
import { requireSameSplit } from "../report/same-split.js";
import { formatText } from "../report/table.js";
import { makeDirectory, moveAside, sweepDirectory, type SweepDirectory } from "../sweep/directory.js";
import { engineMultiply } from "../trial/engine-multiply.js";
import type { CommandContext, RunOptions } from "./experiment-run.js";
import { withData } from "./override.js";

export interface LocalizeCommandOptions extends Omit<RunOptions, "config"> {
  readonly file: string;
  readonly json?: string | undefined;
  /** Folder below `runs/`. */
  readonly folder: string;
}

/**
 * `reproduce` of a phrase-localization preset: trains, measures, prints the table with the papers' rows. Throws USAGE for
 * options that it has no use for, SPLIT_MISMATCH where a paper measured on another split, DATA_MISSING with what to
 * download where files are missing, DIRECTORY where the run's folder holds one of another config.
 */
export async function localizeCommand(
  options: LocalizeCommandOptions,
  { workspace, output, signal }: CommandContext,
): Promise<LocalizationRow[]> {
  refuseUseless(options);
  const config = readLocalization(options);
  requirePapersSplit(config);
  requireData(config);
  const directory = sweepDirectory(join(workspace.runs, options.folder));
  const aside = options.fresh === true ? moveAside(directory.path) : undefined;
  if (aside !== undefined) output.write(`The earlier run was moved to ${aside}\n`);
  requireSameRun(directory, config);
  makeDirectory(directory.path);
  writeWhole(directory.config, stringify(config));
  const threads = config.threads ?? availableCores();
  const engine = engineMultiply(config.device, threads);
  const rows = await localize({
    ...{ config, directory: directory.path, threads, signal, multiply: engine.multiply },
    cache: join(workspace.local, "localization"),
    onProgress: (line) => void output.write(`${line}\n`),
  }).finally(engine.close);
  output.write(
    `\n${localizationTable(rows, config)}\n\n${typeTable(rows)}\n\nFiles of the run: ${directory.path}\n`,
  );
  if (options.json !== undefined)
    writeWhole(resolve(options.json), `${JSON.stringify([...rows, ...config.published], null, 2)}\n`);
  return rows;
}

function refuseUseless({ file, offline, jobs }: LocalizeCommandOptions): void {
  const useless = [...(offline === true ? ["--offline"] : []), ...(jobs === undefined ? [] : ["--jobs"])];
  if (useless.length === 0) return;
  const message =
    `${useless.join(" and ")}: ${file} is for phrase localization, which is one run and is recorded on the disk only. ` +
    "Leave the option out.";
  throw new ExperimentError("USAGE", message, { file, options: useless });
}

/** What the checkpoints of a run depend on. */
const LEARNT = [
  "seed",
  "entities",
  "proposals",
  "regions",
  "text",
  "model",
  "training",
  "hardNegatives",
] as const;

/** Checkpoints of other data, features or stages would be measured as if they were this config's. */
function requireSameRun(directory: SweepDirectory, config: LocalizationConfig): void {
  if (!existsSync(directory.config)) return;
  const { value } = readDocument(directory.config);
  const other = LEARNT.filter((key) => canonicalJson(valueAt(value, [key])) !== canonicalJson(config[key]));
  if (other.length === 0) return;
  const message =
    `${directory.path} holds a run with other ${other.join(", ")} than now. ` +
    "Start over with --fresh, which moves it aside.";
  throw new ExperimentError("DIRECTORY", message, { directory: directory.path, other });
}

/** Reads and validates a config of phrase localization, its data and weights where the command line has them. */
export const readLocalization = ({
  file,
  data,
  weights,
}: Pick<LocalizeCommandOptions, "file" | "data" | "weights">): LocalizationConfig =>
  validated(withWeights(withData(readDocument(file), data), weights), localizationSchema);

function requirePapersSplit(config: LocalizationConfig): void {
  const papers = config.published.map(({ name, split, source }) => ({ what: `${name} (${source})`, split }));
  const own = { what: config.name, split: splitName(config) };
  requireSameSplit([own, ...papers], "any", "Measure on the paper's split, or leave its row out.");
}

const percent = (value: number): string => value.toFixed(2);

function localizationTable(rows: readonly LocalizationRow[], { published }: LocalizationConfig): string {
  const header = ["ranked by", "R@1", "R@5", "R@10", "oracle", "mentions", "seconds", "split"];
  const measured = rows.map(({ name, split, seconds, result: { all } }) => [
    name,
    ...[all.r1, all.r5, all.r10, all.oracle].map(percent),
    String(all.count),
    seconds.toFixed(0),
    split,
  ]);
  const papers = published.map(({ name, split, recalls, source }) => [
    name,
    ...recalls.map(percent),
    "-",
    "-",
    "-",
    `${split} (${source})`,
  ]);
  return formatText({ header, rows: [...measured, ...papers] });
}

/** R@1 and oracle of every type, for the last way to rank. */
function typeTable(rows: readonly LocalizationRow[]): string {
  const last = rows.at(-1);
  const lines = Object.entries(last?.result.types ?? {}).map(([type, { count, r1, r5, r10, oracle }]) => [
    type,
    ...[r1, r5, r10, oracle].map(percent),
    String(count),
  ]);
  return formatText({
    header: [`type (${last?.name ?? ""})`, "R@1", "R@5", "R@10", "oracle", "mentions"],
    rows: lines,
  });
}
