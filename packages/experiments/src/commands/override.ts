import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { CorpusConfig } from "@dualpath/datasets";
import type { ConfigDocument } from "../config/document.js";
import { valueAt, withValue } from "../config/path.js";
import { ExperimentError } from "../errors.js";
import { isLocalization } from "../localization/config.js";

/** A raw corpus section with its data in another folder. Throws USAGE for a corpus that lies in no folder. */
export function withDataFolder(corpus: unknown, folder: string): unknown {
  const place = resolve(folder);
  switch (valueAt(corpus, ["kind"]) as CorpusConfig["kind"] | undefined) {
    case "emoji":
      throw new ExperimentError(
        "USAGE",
        "--data: the emoji corpus comes from npm packages and lies in no folder.",
      );
    case "captions":
      return movedCaptions(corpus, place);
    default:
      return withValue(corpus, ["directory"], place);
  }
}

/** Relative paths start in the folder; it takes the place of the one that holds all absolute ones. */
function movedCaptions(corpus: unknown, folder: string): unknown {
  const splits = valueAt(corpus, ["splits"]);
  const drawn = valueAt(splits, ["seed"]) !== undefined || typeof valueAt(splits, ["test"]) === "number";
  const keys = ["images", "captions", ...(splits === undefined || drawn ? [] : ["splits"])];
  const written = keys.flatMap((key) => pathsIn(valueAt(corpus, [key])));
  const holder = holderOf(written.filter(isAbsolute));
  const moved = (path: string): string => join(folder, isAbsolute(path) ? relative(holder, path) : path);
  return keys.reduce(
    (config, key) => withValue(config, [key], mapPaths(valueAt(config, [key]), moved)),
    corpus,
  );
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function pathsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return isMapping(value) ? Object.values(value).flatMap(pathsIn) : [];
}

function mapPaths(value: unknown, change: (path: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, path]) => [key, mapPaths(path, change)]));
}

/** The deepest folder that all paths lie below. Throws USAGE where that is the root: no folder holds the corpus. */
function holderOf(paths: readonly string[]): string {
  const [first = sep, ...others] = paths;
  const holds = (folder: string): boolean => others.every((path) => path.startsWith(join(folder, sep)));
  let holder = dirname(first);
  while (!holds(holder)) holder = dirname(holder);
  if (paths.length < 2 || holder !== dirname(holder)) return holder;
  const message =
    `--data: ${paths.join(", ")} lie in no folder of their own that another one could replace. ` +
    "Change the paths in the config.";
  throw new ExperimentError("USAGE", message, { paths });
}

/** The document with its corpus, or its entities, in another folder; lines stay those of the file. */
export function withData(document: ConfigDocument, folder: string | undefined): ConfigDocument {
  if (folder === undefined) return document;
  if (isLocalization(document))
    return { ...document, value: withValue(document.value, ["entities", "directory"], resolve(folder)) };
  const corpus = withDataFolder(valueAt(document.value, ["corpus"]), folder);
  return { ...document, value: withValue(document.value, ["corpus"], corpus) };
}
