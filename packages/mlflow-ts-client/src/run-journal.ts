import { isAbsolute, join, relative } from "node:path";
import { AppendFile } from "./append-file.js";
import { validateArtifactPath, validateDataset, validateExperimentName, validateMetric } from "./validate.js";
import { validateParam, validateTag } from "./validate.js";
import { encodeEntry, journalFileName, type JournalEntry, type RunEntry } from "./journal-format.js";
import { walkJournal } from "./journal-reader.js";
import { stepImagePaths } from "./images.js";
import { mlflowTags } from "./tags.js";
import type { DatasetUse, RunStatus } from "./types.js";

/** What a journal is for. Ignored, but for new tags, when the directory has a journal already. */
export interface JournaledRun {
  readonly experiment: string;
  readonly runName: string;
  /** Identity of the run on every server it is sent to; random by default. */
  readonly uid?: string | undefined;
  /** Milliseconds since 1970; now by default. */
  readonly startTime?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly experimentTags?: Readonly<Record<string, string>> | undefined;
}

/**
 * The record of one run, in `journal.jsonl` of its directory: written first, whatever the tracking server does, and
 * brought to the server by `JournalSync`. Every method returns when the line is in the operating system's hands.
 *
 * A directory that has a journal is continued. A run that was resumed from a checkpoint repeats the steps after it:
 * points whose key and step are known from before are left out, so curves have no doubled stretch.
 * @throws MlflowValidationError on a key or value that the server would refuse; JournalError when the disk refuses.
 */
export class RunJournal {
  readonly directory: string;
  readonly run: RunEntry;
  readonly #file: AppendFile;
  readonly #earlier: EarlierRun;
  readonly #params: Map<string, string>;

  constructor(directory: string, run: JournaledRun) {
    validateExperimentName(run.experiment);
    this.directory = directory;
    const path = join(directory, journalFileName);
    this.#file = new AppendFile(path);
    this.#earlier = readEarlierRun(path);
    this.#params = new Map(this.#earlier.params);
    this.run = this.#earlier.run ?? newRunEntry(run);
    if (this.#earlier.run === undefined) this.#write(this.run);
    else this.#continue(run);
  }

  /** True when the directory had a journal before. */
  get isContinued(): boolean {
    return this.#earlier.run !== undefined;
  }

  /** Hyper-parameters; numbers and booleans are written as text. A repeated equal value is left out. */
  params(params: Readonly<Record<string, string | number | boolean>>): void {
    const fresh: [string, string][] = [];
    for (const [key, given] of Object.entries(params)) {
      const value = String(given);
      validateParam({ key, value });
      if (this.#params.get(key) !== value) fresh.push([key, value]);
    }
    if (fresh.length === 0) return;
    fresh.forEach(([key, value]) => this.#params.set(key, value));
    this.#write({ kind: "params", params: Object.fromEntries(fresh) });
  }

  /** Points of one step; NaN and the infinities are values. `timestamp` in milliseconds, now by default. */
  metrics(
    values: Readonly<Record<string, number>>,
    at: { readonly step: number; readonly timestamp?: number | undefined },
  ): void {
    const fresh = Object.entries(values).filter(([key]) => !this.#earlier.steps.get(key)?.has(at.step));
    this.#writeMetrics(Object.fromEntries(fresh), at.step, at.timestamp);
  }

  /** Final values, which tables and comparisons show: at step 0, the last one written counts. */
  summary(values: Readonly<Record<string, number>>): void {
    this.#writeMetrics(values, 0, undefined);
  }

  tags(tags: Readonly<Record<string, string>>): void {
    Object.entries(tags).forEach(([key, value]) => validateTag({ key, value }));
    if (Object.keys(tags).length > 0) this.#write({ kind: "tags", tags: { ...tags } });
  }

  /** The datasets that the run uses. */
  inputs(datasets: readonly DatasetUse[]): void {
    datasets.forEach(({ dataset }) => validateDataset(dataset));
    if (datasets.length > 0) this.#write({ kind: "inputs", datasets: [...datasets] });
  }

  /**
   * A file, or a folder with all below it, to upload. It is read when it is sent, so it must stay in place.
   * @param source path, absolute or from the run's directory; @param target artifact path, that of `source` by default
   */
  artifact(source: string, target?: string): void {
    const from = isAbsolute(source) ? relative(this.directory, source) : source;
    const to = target ?? from;
    validateArtifactPath(to);
    this.#write({ kind: "artifact", source: from, target: to });
  }

  /** A picture for the image grid of the UI. @param compressed small WebP; the picture itself by default */
  image(key: string, step: number, source: string, compressed: string = source): void {
    const paths = stepImagePaths(key, step, Date.now());
    this.artifact(source, paths.image);
    this.artifact(compressed, paths.compressed);
    this.tags({ [mlflowTags.loggedImages]: "True" });
  }

  /** Ends the run, now. */
  finish(status: Exclude<RunStatus, "RUNNING" | "SCHEDULED">): void {
    this.#write({ kind: "status", status, time: Date.now() });
  }

  /** Resolves when everything is on the disk. */
  flush(): Promise<void> {
    return this.#file.flush();
  }

  /** Flushes and closes the file; the status stays as it is. */
  close(): Promise<void> {
    return this.#file.close();
  }

  #continue(run: JournaledRun): void {
    if (this.#earlier.hasEnded) this.#write({ kind: "status", status: "RUNNING", time: Date.now() });
    this.tags(run.tags ?? {});
  }

  #writeMetrics(
    values: Readonly<Record<string, number>>,
    step: number,
    timestamp: number = Date.now(),
  ): void {
    Object.entries(values).forEach(([key, value]) => validateMetric({ key, value, step, timestamp }));
    if (Object.keys(values).length > 0)
      this.#write({ kind: "metrics", step, timestamp, values: { ...values } });
  }

  #write(entry: JournalEntry): void {
    this.#file.append(encodeEntry(entry));
  }
}

interface EarlierRun {
  readonly run: RunEntry | undefined;
  readonly hasEnded: boolean;
  readonly params: ReadonlyMap<string, string>;
  readonly steps: ReadonlyMap<string, ReadonlySet<number>>;
}

function readEarlierRun(path: string): EarlierRun {
  let run: RunEntry | undefined;
  let hasEnded = false;
  const params = new Map<string, string>();
  const steps = new Map<string, Set<number>>();
  for (const entry of walkJournal(path)) {
    if (entry.kind === "run") run ??= entry;
    else if (entry.kind === "status") hasEnded = entry.status !== "RUNNING";
    else if (entry.kind === "params")
      Object.entries(entry.params).forEach(([key, value]) => params.set(key, value));
    else if (entry.kind === "metrics") rememberSteps(steps, Object.keys(entry.values), entry.step);
  }
  return { run, hasEnded, params, steps };
}

function rememberSteps(steps: Map<string, Set<number>>, keys: readonly string[], step: number): void {
  for (const key of keys) {
    const known = steps.get(key) ?? new Set();
    steps.set(key, known.add(step));
  }
}

function newRunEntry(run: JournaledRun): RunEntry {
  const { experiment, runName, uid = crypto.randomUUID(), startTime = Date.now() } = run;
  const tags = { ...run.tags };
  Object.entries(tags).forEach(([key, value]) => validateTag({ key, value }));
  return {
    kind: "run",
    experiment,
    runName,
    uid,
    startTime,
    tags,
    experimentTags: { ...run.experimentTags },
  };
}
