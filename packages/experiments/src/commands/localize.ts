import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { readDocument, type ConfigDocument } from "../config/document.js";
import { validated } from "../config/load.js";
import { valueAt, withValue } from "../config/path.js";
import { ExperimentError } from "../errors.js";
import { localizationSchema, splitName, type LocalizationConfig } from "../localization/config.js";
import { localize } from "../localization/localize.js";
import type { LocalizationRow } from "../localization/score.js";
import { availableCores } from "../process/cores.js";
import { writeWhole } from "../process/files.js";
import { requireSameSplit } from "../report/same-split.js";
import { formatText } from "../report/table.js";
import { engineMultiply } from "../trial/engine-multiply.js";
import type { CommandContext } from "./experiment-run.js";

export interface LocalizeCommandOptions {
  readonly file: string;
  readonly data?: string | undefined;
  readonly json?: string | undefined;
  /** Folder below `runs/`. */
  readonly folder: string;
}

/** True for a config of phrase localization. */
export const isLocalization = (document: ConfigDocument): boolean =>
  valueAt(document.value, ["task"]) === "phrase-localization";

/**
 * `reproduce` of a phrase-localization preset: trains, measures, prints the table with the papers' rows. Throws
 * SPLIT_MISMATCH before that where a paper measured on another split.
 */
export async function localizeCommand(
  { file, data, json, folder }: LocalizeCommandOptions,
  { workspace, output, signal }: CommandContext,
): Promise<LocalizationRow[]> {
  const config = validated(placed(readDocument(file), data), localizationSchema);
  requirePapersSplit(config);
  requireFiles(config);
  const threads = config.threads ?? availableCores();
  const engine = engineMultiply(config.device, threads);
  const directory = join(workspace.runs, folder);
  const rows = await localize({
    ...{ config, directory, threads, signal, multiply: engine.multiply },
    cache: join(workspace.local, "localization"),
    onProgress: (line) => void output.write(`${line}\n`),
  }).finally(engine.close);
  output.write(
    `\n${localizationTable(rows, config)}\n\n${typeTable(rows)}\n\nFiles of the run: ${directory}\n`,
  );
  if (json !== undefined)
    writeWhole(resolve(json), `${JSON.stringify([...rows, ...config.published], null, 2)}\n`);
  return rows;
}

/** The document with absolute paths below the data folder. */
function placed(document: ConfigDocument, data: string | undefined): ConfigDocument {
  const written = valueAt(document.value, ["entities", "directory"]);
  const folder = resolve(data ?? (typeof written === "string" ? written : "."));
  const inFolder = [
    ["regions", "weights"],
    ["text", "wordVectors", "file"],
  ].reduce<unknown>((value, path) => {
    const place = valueAt(value, path);
    return typeof place === "string" ? withValue(value, path, resolve(folder, place)) : value;
  }, document.value);
  return { ...document, value: withValue(inFolder, ["entities", "directory"], folder) };
}

function requirePapersSplit(config: LocalizationConfig): void {
  const papers = config.published.map(({ name, split, source }) => ({ what: `${name} (${source})`, split }));
  const own = { what: config.name, split: splitName(config) };
  requireSameSplit([own, ...papers], "any", "Measure on the paper's split, or leave its row out.");
}

function requireFiles({ name, entities, requires }: LocalizationConfig): void {
  const { directory } = entities;
  const missing = requires.filter(({ path }) => !existsSync(isAbsolute(path) ? path : join(directory, path)));
  if (missing.length === 0) return;
  const lines = missing.map(({ path, what, from }) => `  ${path}: ${what}\n    from ${from}`);
  const message =
    `${name} needs data that are not in ${directory}:\n${lines.join("\n")}\n` +
    "Put them there, or name the folder that holds them with --data.";
  throw new ExperimentError("DATA_MISSING", message, {
    folder: directory,
    missing: missing.map(({ path }) => path),
  });
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
