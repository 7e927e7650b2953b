import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { ExperimentError } from "../errors.js";
import type { ConfigDocument } from "./document.js";
import type { Experiment } from "./experiment.js";
import { valueAt, withValue, type Path } from "./path.js";

const FOLDERS: readonly Path[] = [
  ["corpus", "directory"],
  ["entities", "directory"],
];

/** The folder that an experiment's data lie in: the corpus's own or the entities', or the working directory. */
const folderOf = (config: unknown): string => {
  const folders = FOLDERS.map((path) => valueAt(config, path));
  return resolve(folders.find((folder) => typeof folder === "string") ?? ".");
};

const WORD_VECTORS: readonly Path[] = [
  ["corpus", "text", "wordVectors", "file"],
  ["text", "wordVectors", "file"],
];
const WEIGHTS: readonly Path[] = [["weights"], ["features", "weights"], ["regions", "weights"]];

/** Those of the paths at which a config has a text. */
const written = (config: unknown, paths: readonly Path[]): readonly Path[] =>
  paths.filter((path) => typeof valueAt(config, path) === "string");

/**
 * The document with absolute paths of trunk weights and word vectors, so that a trial finds them wherever it runs.
 * Relative ones start in the corpus folder; `weights` takes the place of the config's trunk weights.
 */
export function withWeights(document: ConfigDocument, weights: string | undefined): ConfigDocument {
  const places = written(document.value, WEIGHTS);
  if (weights !== undefined && places.length === 0) {
    const message = `--weights: ${document.file} has neither 'weights' nor 'features.weights' to be replaced.`;
    throw new ExperimentError("USAGE", message, { file: document.file });
  }
  const value = places.reduce((config, path) => placed(config, path, weights), document.value);
  const words = written(value, WORD_VECTORS);
  return { ...document, value: words.reduce((config, path) => placed(config, path, undefined), value) };
}

function placed(config: unknown, path: Path, weights: string | undefined): unknown {
  const place = String(valueAt(config, path));
  if (weights === undefined) return withValue(config, path, resolve(folderOf(config), place));
  const required = valueAt(config, ["requires"]);
  const others = Array.isArray(required)
    ? required.filter((entry: unknown) => valueAt(entry, ["path"]) !== place)
    : undefined;
  const moved = withValue(config, path, resolve(weights));
  return others === undefined ? moved : withValue(moved, ["requires"], others);
}

/** An experiment, or a config of phrase localization, and what has to lie in its folder. */
type Needy = Pick<Experiment, "name" | "requires">;

/** What an experiment needs and does not find. */
export function missingRequirements(experiment: Needy): Needy["requires"] {
  const folder = folderOf(experiment);
  return experiment.requires.filter(({ path }) => !existsSync(isAbsolute(path) ? path : join(folder, path)));
}

/** Throws DATA_MISSING with everything that is missing, where it comes from and where it has to lie. */
export function requireData(experiment: Needy): void {
  const missing = missingRequirements(experiment);
  if (missing.length === 0) return;
  const folder = folderOf(experiment);
  const lines = missing.map(({ path, what, from }) => `  ${path}: ${what}\n    from ${from}`);
  const message =
    `${experiment.name} needs data that are not in ${folder}:\n${lines.join("\n")}\n` +
    `Put them there, or name the folder that holds them with --data.`;
  throw new ExperimentError("DATA_MISSING", message, { folder, missing: missing.map(({ path }) => path) });
}
