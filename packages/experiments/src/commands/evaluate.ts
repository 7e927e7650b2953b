import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readCheckpointHeader, type EvaluationResult } from "@dualpath/core";
import { experimentSchema, type Experiment } from "../config/experiment.js";
import { readDocument } from "../config/document.js";
import { validated } from "../config/load.js";
import { requireData, withWeights } from "../config/places.js";
import { merged, withValue } from "../config/path.js";
import { codeOf } from "../errors.js";
import { availableCores } from "../process/cores.js";
import { writeWhole } from "../process/files.js";
import { formatText } from "../report/table.js";
import type { TrialDirectory } from "../sweep/directory.js";
import { computedFeatures } from "../trial/frozen-features.js";
import { engineMultiply } from "../trial/engine-multiply.js";
import { latestCheckpoint, locateTrial, requireTrial } from "../trial/locate.js";
import { measure, measuredName } from "../trial/measure.js";
import { recallsOf } from "../trial/metrics.js";
import { openData, requireSplits } from "../trial/open-data.js";
import type { Recalls } from "../trial/result.js";
import { checkSameVocabulary } from "@dualpath/datasets";
import { readVocabulary } from "../trial/vocabulary.js";
import { comparableRows, readOtherRows, titleOf, type OtherRow } from "./against.js";
import type { CommandContext } from "./experiment-run.js";
import { withData } from "./override.js";

export interface EvaluateOptions {
  /** A trial's directory, its checkpoints folder, or one .safetensors file in it. */
  readonly checkpoint: string;
  readonly data?: string | undefined;
  readonly weights?: string | undefined;
  readonly split?: string | undefined;
  /** Rows to show beside: a file that was written by `json`, or "published" for those of the trial's config. */
  readonly against?: string | undefined;
  /** Round the weights as an export with int8 does. */
  readonly int8?: boolean | undefined;
  /** File for the rows as a JSON array. */
  readonly json?: string | undefined;
}

export interface EvaluatedRow {
  readonly split: string;
  readonly gallery: string;
  readonly imageToText: Recalls & { readonly medianRank: number };
  readonly textToImage: Recalls & { readonly medianRank: number };
  readonly rsum: number;
}

/**
 * `evaluate`: scores a trained checkpoint on a split of its corpus, or of the same kind of corpus in another folder.
 * Throws CHECKPOINT when there is none, CHECKPOINT_MODEL and VOCABULARY_MISMATCH when it does not fit, SPLIT_MISMATCH
 * when it is compared with rows of other splits.
 */
export async function evaluateCommand(
  options: EvaluateOptions,
  context: CommandContext,
): Promise<EvaluatedRow[]> {
  const { workspace, signal, output } = context;
  const located = locateTrial(options.checkpoint);
  const experiment = readTrialConfig(located.directory, options);
  const checkpoint = located.file ?? latestCheckpoint(located.directory, experiment);
  const { description } = await readCheckpointHeader(checkpoint);
  const others = options.against === undefined ? undefined : readOtherRows(options.against, experiment);
  const onProgress = (line: string): void => void output.write(`${line}\n`);
  const threads = experiment.threads ?? availableCores();
  const images = computedFeatures(experiment, { workspace, threads, signal, onProgress });
  const engine = engineMultiply(experiment.device, threads);
  const { multiply } = engine;
  const { corpus, data } = await openData(experiment.corpus, {
    ...{ workspace, signal, onProgress, images, multiply },
  })
    .catch((error: unknown) => {
      if (codeOf(error) === "FILE_MISSING") requireData(experiment);
      throw error;
    })
    .finally(engine.close);
  try {
    const kept = readVocabulary(located.directory.vocabulary);
    if (kept !== undefined) checkSameVocabulary(corpus.vocabulary, kept, located.directory.vocabulary);
    const split = options.split ?? experiment.report.splits[0] ?? experiment.evaluation.split;
    requireSplits(data, [split], "--split");
    const own = { what: options.checkpoint, split: measuredName(data, split) };
    const beside = others === undefined ? [] : comparableRows(own, others);
    const { evaluation, device, model } = experiment;
    const expected = { model, sizes: { ...description.sizes, vocabulary: data.vocabularySize } };
    const [measured] = await measure({
      checkpoint,
      data,
      splits: [split],
      evaluation,
      device,
      threads,
      expected,
      int8: options.int8,
      signal,
    });
    const rows = measured === undefined ? [] : rowsOf(measured.result);
    output.write(`${checkpoint}\n\n${evaluatedTable(rows, beside)}\n${precisionLine(measured?.result)}`);
    if (options.json !== undefined) writeWhole(resolve(options.json), `${JSON.stringify(rows, null, 2)}\n`);
    return rows;
  } finally {
    await corpus.close();
  }
}

function readTrialConfig(
  directory: TrialDirectory,
  { data, weights }: Pick<EvaluateOptions, "data" | "weights">,
): Experiment {
  requireTrial(directory);
  const document = withWeights(withData(readDocument(directory.config), data), weights);
  const kept = data === undefined ? {} : keptText(directory);
  const corpus = merged((document.value as { corpus: unknown }).corpus, { text: kept });
  return validated({ ...document, value: withValue(document.value, ["corpus"], corpus) }, experimentSchema);
}

/** Words and vectors mean what they meant in training: another folder's captions are read as the trained ones were. */
function keptText({ vocabulary, texts }: TrialDirectory): { vocabulary?: string; fitted?: string } {
  return {
    ...(existsSync(vocabulary) && { vocabulary }),
    ...(existsSync(texts) && { fitted: texts }),
  };
}

function rowsOf({
  split,
  main,
  full,
  galleries,
}: Awaited<ReturnType<typeof measure>>[number]["result"]): EvaluatedRow[] {
  const named = Object.entries(galleries);
  const all = named.length === 0 ? [["all", full] as const] : [...named, ["mean", main] as const];
  return all.map(([gallery, result]) => ({
    split,
    gallery,
    imageToText: { ...recallsOf(result.imageToText), medianRank: result.imageToText.medianRank },
    textToImage: { ...recallsOf(result.textToImage), medianRank: result.textToImage.medianRank },
    rsum: result.rsum,
  }));
}

function precisionLine(result: EvaluationResult | undefined): string {
  if (result?.precision === undefined) return "";
  const { meanAveragePrecision, trapezoidalPrecision, inverseNegativePenalty } = result.precision;
  const [map, trapezoid, minp] = [meanAveragePrecision, trapezoidalPrecision, inverseNegativePenalty].map(
    (value) => value.toFixed(1),
  );
  return `text to image over all matches: mAP ${map} (trapezoidal ${trapezoid}), mINP ${minp}\n`;
}

const HEADER = [
  "gallery",
  "i2t R@1",
  "R@5",
  "R@10",
  "median",
  "t2i R@1",
  "R@5",
  "R@10",
  "median",
  "rsum",
  "split",
];

function evaluatedTable(rows: readonly EvaluatedRow[], beside: readonly OtherRow[]): string {
  const cells = rows.map(({ gallery, split, imageToText: i2t, textToImage: t2i, rsum }) => [
    gallery,
    ...[i2t.r1, i2t.r5, i2t.r10, i2t.medianRank, t2i.r1, t2i.r5, t2i.r10, t2i.medianRank, rsum].map((n) =>
      n.toFixed(1),
    ),
    split,
  ]);
  return formatText({ header: HEADER, rows: [...cells, ...beside.map(otherCells)] });
}

function otherCells(row: OtherRow): string[] {
  const shown = (recalls: OtherRow["imageToText"]): string[] =>
    recalls === null
      ? ["-", "-", "-", "-"]
      : [recalls.r1, recalls.r5, recalls.r10].map((n) => n.toFixed(1)).concat("-");
  return [titleOf(row), ...shown(row.imageToText), ...shown(row.textToImage), "-", row.split];
}
