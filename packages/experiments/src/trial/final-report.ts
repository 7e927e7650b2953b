import { basename, join } from "node:path";
import type { TrainingData } from "@dualpath/datasets";
import type { Experiment } from "../config/experiment.js";
import { writeWhole } from "../process/files.js";
import { modelCard } from "../report/card.js";
import { scoreColumns } from "../report/score-table.js";
import { formatMarkdown } from "../report/table.js";
import type { TrialDirectory } from "../sweep/directory.js";
import type { TrialClock } from "./clock.js";
import { sizeWarning } from "./expected-sizes.js";
import { measure, type Measurement } from "./measure.js";
import { matchingSplits } from "./open-data.js";
import { precisionMetrics, recallMetrics, reported, retrievalMetrics } from "./metrics.js";
import type { ResultRow, TrialResult } from "./result.js";
import { scoresOf } from "./scores.js";
import { retrievalPicture } from "./retrieval-picture.js";

export interface FinalReportOptions {
  readonly experiment: Experiment;
  readonly directory: TrialDirectory;
  readonly data: TrainingData;
  readonly clock: TrialClock;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** Measures every stage's model on the splits of the report, and writes `retrieval.png`, `report.md` and the model's card. */
export async function finalReport(options: FinalReportOptions): Promise<TrialResult> {
  const { experiment, directory, clock } = options;
  const rows: ResultRow[] = [];
  const metrics: Record<string, number> = {};
  for (const [index, { name }] of experiment.curriculum.entries()) {
    const isLast = index === experiment.curriculum.length - 1;
    const measured = await measureStage(options, name, isLast);
    Object.assign(metrics, stageMetrics(options, name, isLast, measured));
    rows.push(...stageRows(options, name, measured));
    if (isLast) await drawPicture(options, measured);
  }
  const warning = sizeWarning(experiment, options.data);
  writeWhole(directory.report, reportText(experiment, rows, warning));
  writeWhole(directory.card, modelCard(experiment, directory, rows));
  return { metrics, rows, ...(warning !== undefined && { warning }), seconds: clock.seconds() };
}

/** The file of a stage's model. */
export const stageCheckpoint = (directory: TrialDirectory, { report }: Experiment, stage: string): string =>
  join(directory.checkpoints, `${report.weights === "best" ? "best" : "stage"}-${stage}.safetensors`);

function measureStage(options: FinalReportOptions, stage: string, isLast: boolean): Promise<Measurement[]> {
  const { experiment, directory, data, threads, signal } = options;
  const { report, evaluation, device } = experiment;
  const checkpoint = stageCheckpoint(directory, experiment, stage);
  const splits = [...new Set([...report.splits, ...(isLast ? [evaluation.split] : [])])];
  return measure({ checkpoint, data, splits, evaluation, device, threads, signal });
}

function stageMetrics(
  { experiment }: FinalReportOptions,
  stage: string,
  isLast: boolean,
  measured: readonly Measurement[],
): Record<string, number> {
  const { report, evaluation } = experiment;
  const perSplit = measured.flatMap(({ split, result }) => {
    const counted = reported(result, report.gallery);
    const prefix = `${metricPart(split)}/${stage}/`;
    const own = report.splits.includes(split)
      ? [{ ...retrievalMetrics(counted, prefix), ...precisionMetrics(result, prefix) }]
      : [];
    // On validation the trials are compared by what chose their weights: the mean over the galleries.
    const best = split === evaluation.split ? result.main : counted;
    return isLast ? [...own, recallMetrics(best, `best/${shortSplit(split)}_`)] : own;
  });
  return Object.assign({}, ...perSplit) as Record<string, number>;
}

/** A split's name as a part of a metric's key, which takes no *. */
const metricPart = (split: string): string => split.replaceAll(/[^\w.-]/g, "_");

const shortSplit = (split: string): string =>
  split === "validation" ? "val" : split.replaceAll(/[^\w-]/g, "_");

function stageRows(
  { experiment, clock }: FinalReportOptions,
  stage: string,
  measured: readonly Measurement[],
): ResultRow[] {
  const { splits, gallery } = experiment.report;
  return measured
    .filter(({ split }) => splits.includes(split))
    .map(({ result }) => ({
      name: stageTitle(stage),
      split: withGallery(result.split, gallery),
      ...scoresOf(reported(result, gallery), result.precision),
      seconds: clock.stageSeconds(stage),
    }));
}

/** A stage's name in tables. */
export const stageTitle = (stage: string): string => stage.replaceAll("-", " ");

/** A measured split's name in tables, with the gallery where one is reported. */
export const withGallery = (split: string, gallery: string | undefined): string =>
  gallery === undefined ? split : `${split}, gallery ${gallery}`;

async function drawPicture(
  { experiment, directory, data }: FinalReportOptions,
  measured: readonly Measurement[],
): Promise<void> {
  const [first] = experiment.report.splits;
  const chosen = measured.find(({ split }) => split === first) ?? measured[0];
  if (chosen === undefined) return;
  const [split = chosen.split] = matchingSplits(data, chosen.split);
  const { images, texts, name, galleries } = data.evaluation(split);
  const { pixelsOf } = images;
  if (pixelsOf === undefined) return;
  const gallery = galleries?.find((candidate) => candidate.name === experiment.report.gallery);
  const picture = await retrievalPicture({
    title: gallery === undefined ? name : `${name}, gallery ${gallery.name}`,
    images: {
      embedding: chosen.embeddings.images,
      labels: images.labels,
      ...(gallery && { rows: gallery.images }),
    },
    texts: { embedding: chosen.embeddings.texts, labels: texts.labels },
    dimension: chosen.dimension,
    captionOf: (row) => texts.captionOf(row),
    pixelsOf: (row) => pixelsOf(row),
  });
  writeWhole(directory.picture, picture);
}

function reportText({ name, seed }: Experiment, rows: readonly ResultRow[], warning?: string): string {
  const scores = scoreColumns(rows);
  const header = ["stage", "split", ...scores.header, "seconds"];
  const lines = rows.map((row) => [row.name, row.split, ...scores.cells(row), row.seconds.toFixed(0)]);
  const table = formatMarkdown({ header, rows: lines });
  const warned = warning === undefined ? "" : `${warning}\n\n`;
  return `# ${name}, seed ${seed}\n\n${warned}${table}\n\n![retrieval](${basename("retrieval.png")})\n`;
}
