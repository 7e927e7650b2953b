import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folders of this checkout that commands use. */
export interface Workspace {
  readonly root: string;
  /** Checked-in experiments. */
  readonly configs: string;
  /** Everything that is made once and can be thrown away: `.dualpath/`. */
  readonly local: string;
  readonly runs: string;
}

/** The checkout that holds this file; `DUALPATH_RUNS` moves the runs elsewhere. */
export function workspace(environment: NodeJS.ProcessEnv = process.env): Workspace {
  const root = findRoot(dirname(fileURLToPath(import.meta.url)));
  return {
    root,
    configs: join(root, "packages", "experiments", "configs"),
    local: environment["DUALPATH_HOME"] ?? join(root, ".dualpath"),
    runs: environment["DUALPATH_RUNS"] ?? join(root, "runs"),
  };
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (isRoot(folder)) return folder;
    if (folder === dirname(folder)) throw new Error(`${from} lies in no Dualpath checkout`);
  }
}

function isRoot(folder: string): boolean {
  const manifest = join(folder, "package.json");
  return existsSync(manifest) && readFileSync(manifest, "utf8").includes('"workspaces"');
}
