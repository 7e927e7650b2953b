import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { nearest } from "../config/nearest.js";
import { ExperimentError } from "../errors.js";
import type { Workspace } from "../workspace/root.js";

const EXTENSION = ".yaml";

/** The file of a config: a path, or the name of a checked-in one. Throws CONFIG_MISSING that lists those. */
export function findConfig(named: string, { configs }: Workspace): string {
  const path = resolve(named);
  if (existsSync(path) && /\.ya?ml$/.test(path)) return path;
  const checkedIn = join(configs, `${named}${EXTENSION}`);
  if (existsSync(checkedIn)) return checkedIn;
  const known = configNames(configs);
  const guess = nearest(named, known);
  const hint = guess === undefined ? "" : ` Did you mean '${guess}'?`;
  const message = `there is no config '${named}': neither a file nor one of ${known.join(", ")}.${hint}`;
  throw new ExperimentError("CONFIG_MISSING", message, { named, known });
}

/** Names of the checked-in configs, folders included: `paper-a/flickr30k`. */
export function configNames(configs: string): string[] {
  if (!existsSync(configs)) return [];
  const files = readdirSync(configs, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => relative(configs, join(configs, file)).slice(0, -EXTENSION.length))
    .sort();
}
