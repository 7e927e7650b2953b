import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

/** Where everything of one sweep (or single run) lies: `runs/<name>/`. */
export interface SweepDirectory {
  readonly path: string;
  readonly lock: string;
  readonly journal: string;
  readonly config: string;
  readonly table: string;
  readonly summary: string;
  readonly trial: (id: string) => TrialDirectory;
}

/** Where everything of one trial lies: `runs/<name>/<trial id>/`, the unit of provenance. */
export interface TrialDirectory {
  readonly path: string;
  readonly lock: string;
  readonly config: string;
  readonly seed: string;
  readonly versions: string;
  readonly journal: string;
  readonly log: string;
  readonly checkpoints: string;
  readonly result: string;
  readonly failure: string;
  readonly picture: string;
  readonly report: string;
  /** The model card, which goes with the weights. */
  readonly card: string;
  readonly vocabulary: string;
  /** What text vectors were fitted to; absent for a model of word ids. */
  readonly texts: string;
  /** Who the trial is to the tracking server. */
  readonly identity: string;
}

export function sweepDirectory(path: string): SweepDirectory {
  return {
    path,
    lock: join(path, "lock"),
    journal: join(path, "sweep.jsonl"),
    config: join(path, "config.yaml"),
    table: join(path, "table.md"),
    summary: join(path, "summary"),
    trial: (id) => trialDirectory(join(path, id)),
  };
}

export function trialDirectory(path: string): TrialDirectory {
  return {
    path,
    lock: join(path, "lock"),
    config: join(path, "config.yaml"),
    seed: join(path, "seed"),
    versions: join(path, "versions.json"),
    journal: join(path, "journal.jsonl"),
    log: join(path, "trial.log"),
    checkpoints: join(path, "checkpoints"),
    result: join(path, "result.json"),
    failure: join(path, "failure.json"),
    picture: join(path, "retrieval.png"),
    report: join(path, "report.md"),
    card: join(path, "model-card.md"),
    vocabulary: join(path, "vocabulary.json"),
    texts: join(path, "text-transform.safetensors"),
    identity: join(path, "trial.json"),
  };
}

export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true });
}

/** Moves a directory aside as `<path>.<n>`; returns where it went, or undefined when there was none. */
export function moveAside(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  for (let number = 1; ; number++) {
    const aside = `${path}.${number}`;
    if (existsSync(aside)) continue;
    renameSync(path, aside);
    return aside;
  }
}
