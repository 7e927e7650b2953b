import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The repository's root, upwards from `start` (default: the working directory, which is the notebook's folder). */
export function workspaceRoot(start = process.cwd()): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "nx.json"))) return folder;
    if (dirname(folder) === folder)
      throw new Error(`${start}: expected a folder inside the Dualpath repository`);
  }
}

/** A folder for what notebooks compute: below `.dualpath`, or `DUALPATH_HOME` where it is set. */
export const localFolder = (...parts: readonly string[]): string =>
  join(process.env["DUALPATH_HOME"] ?? join(workspaceRoot(), ".dualpath"), ...parts);
