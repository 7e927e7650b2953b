import { dualPath, stageGraph, Trainer } from "@dualpath/core";
import { canonicalJson } from "../config/identity.js";
import type { Experiment } from "../config/experiment.js";
import { ExperimentError, codeOf, messageOf } from "../errors.js";
import { requirePublishedSplits, requireSameSplit, type MeasuredOn } from "../report/same-split.js";
import { describePoint, type TrialPlan } from "../space/plan.js";
import { sizeWarning } from "../trial/expected-sizes.js";
import { declaredFeatures } from "../trial/frozen-features.js";
import { stageTitle, withGallery } from "../trial/final-report.js";
import { measuredName, sourceSize } from "../trial/measure.js";
import {
  matchingSplits,
  openData,
  requireGallery,
  requireSplits,
  type OpenDataOptions,
  type OpenedData,
} from "../trial/open-data.js";

/**
 * Everything that can be known to fail before a trial starts: the corpora are opened (and decoded, once), and each
 * point's data, model and curriculum are held against one another. No native code is loaded for it. Data of other sizes
 * than the experiment expects are warned of. Throws SPLIT_MISMATCH where trials would be measured on splits that do not
 * compare, with one another or with the paper.
 */
export async function checkPlans(
  plans: readonly TrialPlan<Experiment>[],
  options: OpenDataOptions,
): Promise<void> {
  const measured: MeasuredOn[] = [];
  for (const group of byCorpus(plans)) {
    const [first] = group;
    if (first === undefined) continue;
    const images = declaredFeatures(first.config);
    const opened = await openData(first.config.corpus, { ...options, images });
    try {
      warn(first.config, opened, options);
      for (const plan of group) {
        checkPlan(plan, opened);
        requirePublishedSplits(plan.config.report.published, reportedRows(plan.config, opened));
        measured.push({ what: describePoint(plan.point) || plan.id, split: splitsOf(plan.config, opened) });
      }
    } finally {
      await opened.corpus.close();
    }
  }
  requireSameSplit(measured, "any");
}

function warn(experiment: Experiment, { data }: OpenedData, { onProgress }: OpenDataOptions): void {
  const warning = sizeWarning(experiment, data);
  if (warning !== undefined) onProgress?.(`\n${warning}\n`);
}

/** Names of the splits that a trial will be measured on. */
function splitsOf({ evaluation, report }: Experiment, { data }: OpenedData): string {
  const names = [evaluation.split, ...report.splits].flatMap((split) => matchingSplits(data, split));
  return [...new Set(names)].map((name) => data.evaluation(name).name).join("; ");
}

/** Stages and splits of the rows that a trial will report. */
function reportedRows({ curriculum, report }: Experiment, { data }: OpenedData): MeasuredOn[] {
  const splits = report.splits.map((split) => withGallery(measuredName(data, split), report.gallery));
  return curriculum.flatMap(({ name }) => splits.map((split) => ({ what: stageTitle(name), split })));
}

function byCorpus(plans: readonly TrialPlan<Experiment>[]): TrialPlan<Experiment>[][] {
  const groups = new Map<string, TrialPlan<Experiment>[]>();
  for (const plan of plans) {
    const { corpus, features } = plan.config;
    const key = canonicalJson({ corpus, features });
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  return [...groups.values()];
}

function checkPlan(plan: TrialPlan<Experiment>, { data }: OpenedData): void {
  const { config } = plan;
  try {
    requireSplits(data, [config.evaluation.split], "evaluation.split");
    requireSplits(data, config.report.splits, "report.splits");
    for (const split of config.report.splits) requireGallery(data, split, config.report.gallery);
    checkStages(config, data);
  } catch (error) {
    const point = describePoint(plan.point);
    const place = point === "" ? "" : ` (at ${point})`;
    const code = codeOf(error);
    const message = `${messageOf(error)}${place}`;
    throw new ExperimentError("CONFIG_INVALID", message, { trial: plan.id, reason: code }, { cause: error });
  }
}

function checkStages({ model, curriculum, evaluation, seed }: Experiment, data: OpenedData["data"]): void {
  void new Trainer({ model, curriculum, evaluation, data, seed });
  const declared = dualPath(model, { classes: data.classes, vocabulary: data.vocabularySize });
  for (const stage of curriculum) stageGraph(declared, stage, sourceSize(data.imageShape));
}
