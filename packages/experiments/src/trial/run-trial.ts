import { existsSync, readFileSync } from "node:fs";
import { describePrecision, loadTrunk, Trainer, type TrainingEvent } from "@dualpath/core";
import { readJournal, type RunJournal } from "@dualpath/mlflow-ts-client";
import { experimentSchema, type Experiment } from "../config/experiment.js";
import { loadExperiment } from "../config/load.js";
import type { Logger } from "pino";
import { writeWhole } from "../process/files.js";
import type { TrialDirectory } from "../sweep/directory.js";
import { makeDirectory } from "../sweep/directory.js";
import { openTrialJournal, readTrialRun, sweepTags, type TrialRun } from "../tracking/identity.js";
import { flattenParameters } from "../tracking/parameters.js";
import type { Workspace } from "../workspace/root.js";
import { gitState, platformVersions } from "../workspace/versions.js";
import { trialClock, type TrialClock } from "./clock.js";
import { engineMultiply } from "./engine-multiply.js";
import { trialKeys } from "./events.js";
import { computedFeatures } from "./frozen-features.js";
import { finalReport } from "./final-report.js";
import { retrievalMetrics, stepMetrics } from "./metrics.js";
import {
  dataDigest,
  matchingSplits,
  openData,
  requireGallery,
  requireSplits,
  type OpenedData,
} from "./open-data.js";
import { writeResult } from "./result.js";
import { systemMeter } from "./system-metrics.js";
import { keepFittedTexts, keepVocabulary } from "./vocabulary.js";

export interface TrialOptions {
  readonly directory: TrialDirectory;
  readonly workspace: Workspace;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly log: Pick<Logger, "info">;
}

/**
 * Trains what `config.yaml` says, from the last checkpoint where there is one, and leaves `result.json`. Returns
 * false when the signal ended it first: a checkpoint is left then, and the journal says where it stands.
 */
export async function runTrial(options: TrialOptions): Promise<boolean> {
  const { directory, workspace, signal, log } = options;
  const { experiment } = loadExperiment(directory.config, experimentSchema);
  const { threads } = options;
  const onProgress = (line: string): void => log.info(line);
  const images = computedFeatures(experiment, { workspace, threads, signal, onProgress });
  const engine = engineMultiply(experiment.device, threads);
  const { multiply } = engine;
  const opened = await openData(experiment.corpus, {
    ...{ workspace, signal, onProgress, images, multiply },
  }).finally(engine.close);
  const journal = openTrialJournal(directory, readTrialRun(directory) ?? ownRun(experiment, directory));
  try {
    await prepare(options, experiment, opened, journal);
    const clock = trialClock(directory.path, journal);
    if (!(await train(options, experiment, opened, journal, clock))) return false;
    await finish(options, experiment, opened, journal, clock);
    return true;
  } finally {
    await journal.close();
    await opened.corpus.close();
  }
}

// A trial that no sweep has prepared names itself.
const ownRun = (experiment: Experiment, { path }: TrialDirectory): TrialRun => ({
  experiment: experiment.tracking.experiment,
  runName: experiment.name,
  uid: path,
  tags: {},
  params: flattenParameters(experiment),
  objective: { metric: "best/val_rsum", direction: "maximize" },
});

async function prepare(
  { directory }: TrialOptions,
  experiment: Experiment,
  opened: OpenedData,
  journal: RunJournal,
): Promise<void> {
  const { corpus, data } = opened;
  const { report, evaluation } = experiment;
  requireSplits(data, [evaluation.split], "evaluation.split");
  requireSplits(data, report.splits, "report.splits");
  for (const split of report.splits) requireGallery(data, split, report.gallery);
  makeDirectory(directory.checkpoints);
  keepVocabulary(directory, corpus.vocabulary);
  keepFittedTexts(directory, await corpus.fittedTexts());
  if (!readJournal(directory.path).some(({ kind }) => kind === "inputs"))
    describeRun(directory, experiment, opened, journal);
}

function describeRun(
  directory: TrialDirectory,
  experiment: Experiment,
  opened: OpenedData,
  journal: RunJournal,
): void {
  const { corpus, data } = opened;
  journal.params(readTrialRun(directory)?.params ?? flattenParameters(experiment));
  journal.params({ [trialKeys.totalSteps]: totalSteps(experiment, opened) });
  const source = { sourceType: "dualpath", source: JSON.stringify(experiment.corpus) };
  const dataset = (name: string, digest: string, context: string) => ({
    dataset: { name, digest, ...source },
    context,
  });
  journal.inputs([
    dataset(corpus.name, dataDigest(experiment.corpus, opened), "training"),
    ...experiment.report.splits
      .flatMap((name) => matchingSplits(data, name))
      .map((split) => {
        const { name, fingerprint } = data.evaluation(split);
        return dataset(name, fingerprint.slice(0, 32), split);
      }),
  ]);
  journal.artifact(directory.config);
}

const totalSteps = ({ curriculum }: Experiment, { data }: OpenedData): number =>
  curriculum.reduce((sum, { epochs, batchSize }) => sum + epochs * data.stepsPerEpoch(batchSize), 0);

const SYSTEM_INTERVAL_MILLISECONDS = 5000;

async function train(
  options: TrialOptions,
  experiment: Experiment,
  { corpus, data }: OpenedData,
  journal: RunJournal,
  clock: TrialClock,
): Promise<boolean> {
  const { directory, threads, signal } = options;
  const { model, curriculum, evaluation, seed, device, precision, checkpointEvery, tracking, weights } =
    experiment;
  const trainer = new Trainer({
    ...{ model, curriculum, evaluation, data, seed, device, precision, threads, signal, checkpointEvery },
    directory: directory.checkpoints,
    resume: true,
    ...(corpus.lookup === undefined ? {} : { wordVectors: corpus.lookup.table }),
    ...(weights === undefined ? {} : { prepare: (store, declared) => loadTrunk(store, declared, weights) }),
  });
  writeVersions(options, trainer);
  const write = eventWriter(journal, clock, tracking.logEvery);
  const tell = precisionTeller(options.log, journal);
  const stopMeter = startMeter(journal, trainer);
  try {
    for await (const event of trainer.run()) {
      write(event);
      tell(event);
      if (event.type === "checkpoint") await journal.flush();
    }
    return !signal.aborted || trainer.progress.stage === curriculum.length;
  } finally {
    stopMeter();
    await trainer.dispose();
  }
}

function writeVersions({ directory, workspace, threads }: TrialOptions, { store }: Trainer): void {
  const backend = { kind: store.backend.kind, reason: store.backend.reason, ...store.backend.versions() };
  const versions = {
    ...platformVersions(),
    threads,
    backend,
    git: gitState(workspace.root),
    core: coreVersion(workspace),
  };
  writeWhole(directory.versions, `${JSON.stringify(versions, null, 2)}\n`);
}

function coreVersion({ root }: Workspace): string {
  const manifest = JSON.parse(readFileSync(`${root}/packages/core/package.json`, "utf8")) as {
    version: string;
  };
  return manifest.version;
}

function startMeter(journal: RunJournal, trainer: Trainer): () => void {
  const meter = systemMeter();
  const timer = setInterval(() => {
    journal.metrics(meter(), { step: trainer.progress.globalStep });
  }, SYSTEM_INTERVAL_MILLISECONDS);
  return () => clearInterval(timer);
}

/** Says once how products are computed, and why so where something else was asked for. */
function precisionTeller(log: TrialOptions["log"], journal: RunJournal): (event: TrainingEvent) => void {
  let told = false;
  return (event) => {
    if (told || event.type !== "stage-start") return;
    told = true;
    const precision = describePrecision(event.precision);
    journal.tags({ [trialKeys.precision]: precision });
    if (event.precision.wanted !== "f32") log.info(`precision: ${precision}`);
  };
}

function eventWriter(journal: RunJournal, clock: TrialClock, every: number): (event: TrainingEvent) => void {
  const stepPoint = stepMetrics(every);
  return (event) => {
    switch (event.type) {
      case "stage-start":
        return journal.tags({ [trialKeys.stage]: event.stage });
      case "step": {
        const values = stepPoint(event, clock.seconds());
        return values === undefined ? undefined : journal.metrics(values, { step: event.step });
      }
      case "evaluation":
        return journal.metrics(
          { ...retrievalMetrics(event.result.main, "val/"), "val/seconds": event.seconds },
          { step: event.step },
        );
      case "stage-end":
        return clock.markStage(event.stage);
      default:
        return;
    }
  };
}

async function finish(
  options: TrialOptions,
  experiment: Experiment,
  { data }: OpenedData,
  journal: RunJournal,
  clock: TrialClock,
): Promise<void> {
  const { directory, threads, signal } = options;
  const result = await finalReport({ experiment, directory, data, clock, threads, signal });
  journal.summary(result.metrics);
  const last = experiment.curriculum.at(-1)?.name ?? "";
  const weights = experiment.report.weights === "best" ? "best" : "stage";
  journal.artifact(`checkpoints/${weights}-${last}.safetensors`, "checkpoint/model.safetensors");
  journal.artifact(directory.vocabulary, "checkpoint/vocabulary.json");
  if (existsSync(directory.texts)) journal.artifact(directory.texts, "checkpoint/text-transform.safetensors");
  journal.artifact(directory.card, "checkpoint/README.md");
  journal.artifact(directory.versions);
  journal.artifact(directory.report);
  journal.artifact(directory.picture);
  journal.tags({ [sweepTags.state]: "FINISHED" });
  journal.finish("FINISHED");
  await journal.flush();
  writeResult(directory.result, result);
}
