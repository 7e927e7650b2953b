import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { ExperimentError } from "../errors.js";
import type { ConfigDocument } from "./document.js";
import type { Experiment } from "./experiment.js";
import { valueAt, withValue, type Path } from "./path.js";

/** The folder that an experiment's data lie in: the corpus's own, or the working directory. */
const folderOf = (config: unknown): string => {
  const directory = valueAt(config, ["corpus", "directory"]);
  return resolve(typeof directory === "string" ? directory : ".");
};

const WORD_VECTORS: Path = ["corpus", "text", "wordVectors", "file"];
const WEIGHTS: readonly Path[] = [["weights"], ["features", "weights"]];

/**
 * The document with absolute paths of trunk weights and word vectors, so that a trial finds them wherever it runs.
 * Relative ones start in the corpus folder; `weights` takes the place of the config's trunk weights.
 */
export function withWeights(document: ConfigDocument, weights: string | undefined): ConfigDocument {
  const places = WEIGHTS.filter((path) => typeof valueAt(document.value, path) === "string");
  if (weights !== undefined && places.length === 0) {
    const message = `--weights: ${document.file} has neither 'weights' nor 'features.weights' to be replaced.`;
    throw new ExperimentError("USAGE", message, { file: document.file });
  }
  const value = places.reduce((config, path) => placed(config, path, weights), document.value);
  const hasWords = typeof valueAt(value, WORD_VECTORS) === "string";
  return { ...document, value: hasWords ? placed(value, WORD_VECTORS, undefined) : value };
}

function placed(config: unknown, path: Path, weights: string | undefined): unknown {
  const written = String(valueAt(config, path));
  if (weights === undefined) return withValue(config, path, resolve(folderOf(config), written));
  const required = valueAt(config, ["requires"]);
  const others = Array.isArray(required)
    ? required.filter((entry: unknown) => valueAt(entry, ["path"]) !== written)
    : undefined;
  const moved = withValue(config, path, resolve(weights));
  return others === undefined ? moved : withValue(moved, ["requires"], others);
}

type Requirement = Experiment["requires"][number];

/** What an experiment needs and does not find. */
export function missingRequirements(experiment: Experiment): readonly Requirement[] {
  const folder = folderOf(experiment);
  return experiment.requires.filter(({ path }) => !existsSync(isAbsolute(path) ? path : join(folder, path)));
}

/** Throws DATA_MISSING with everything that is missing, where it comes from and where it has to lie. */
export function requireData(experiment: Experiment): void {
  const missing = missingRequirements(experiment);
  if (missing.length === 0) return;
  const folder = folderOf(experiment);
  const lines = missing.map(({ path, what, from }) => `  ${path}: ${what}\n    from ${from}`);
  const message =
    `${experiment.name} needs data that are not in ${folder}:\n${lines.join("\n")}\n` +
    `Put them there, or name the folder that holds them with --data.`;
  throw new ExperimentError("DATA_MISSING", message, { folder, missing: missing.map(({ path }) => path) });
}
