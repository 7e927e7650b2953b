import { execFileSync } from "node:child_process";
import { arch, cpus, platform, release } from "node:os";

/** The revision of the checkout; empty outside git. */
export interface GitState {
  readonly commit?: string;
  readonly branch?: string;
  /** Files differ from the commit. */
  readonly dirty?: boolean;
}

/** What git knows of a folder. */
export function gitState(folder: string): GitState {
  const commit = git(folder, "rev-parse", "HEAD");
  if (commit === undefined) return {};
  const branch = git(folder, "rev-parse", "--abbrev-ref", "HEAD");
  const dirty = git(folder, "status", "--porcelain", "--untracked-files=no") !== "";
  return branch === undefined ? { commit, dirty } : { commit, branch, dirty };
}

function git(folder: string, ...parameters: string[]): string | undefined {
  try {
    const printed = execFileSync("git", ["-C", folder, ...parameters], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    return printed.toString("utf8").trim();
  } catch {
    return undefined;
  }
}

/** The machine and the runtime, for `versions.json`. */
export const platformVersions = (): Record<string, string> => ({
  node: process.version,
  platform: `${platform()} ${release()} ${arch()}`,
  processor: cpus()[0]?.model.trim() ?? "unknown",
});
