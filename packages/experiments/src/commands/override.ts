import { join, isAbsolute, resolve } from "node:path";
import type { CorpusConfig } from "@dualpath/datasets";
import type { ConfigDocument } from "../config/document.js";
import { valueAt, withValue } from "../config/path.js";
import { ExperimentError } from "../errors.js";

type Paths = string | { readonly [split: string]: unknown };

const inFolder = (folder: string, value: unknown): unknown => {
  if (typeof value === "string") return isAbsolute(value) ? value : join(folder, value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, path]) => [key, inFolder(folder, path)]));
};

/** A raw corpus section with its data in another folder. Throws USAGE for a corpus that lies in no folder. */
export function withDataFolder(corpus: unknown, folder: string): unknown {
  const place = resolve(folder);
  switch (valueAt(corpus, ["kind"]) as CorpusConfig["kind"] | undefined) {
    case "emoji":
      throw new ExperimentError(
        "USAGE",
        "--data: the emoji corpus comes from npm packages and lies in no folder.",
      );
    case "captions": {
      const moved = ["images", "captions"].reduce<unknown>(
        (config, key) => withValue(config, [key], inFolder(place, valueAt(config, [key]) as Paths)),
        corpus,
      );
      const splits = valueAt(corpus, ["splits"]);
      const drawn = valueAt(splits, ["seed"]) !== undefined || typeof valueAt(splits, ["test"]) === "number";
      return splits === undefined || drawn ? moved : withValue(moved, ["splits"], inFolder(place, splits));
    }
    default:
      return withValue(corpus, ["directory"], place);
  }
}

/** The document with its corpus in another folder; lines stay those of the file. */
export function withData(document: ConfigDocument, folder: string | undefined): ConfigDocument {
  if (folder === undefined) return document;
  const corpus = withDataFolder(valueAt(document.value, ["corpus"]), folder);
  return { ...document, value: withValue(document.value, ["corpus"], corpus) };
}
