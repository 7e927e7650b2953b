import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readCheckpointHeader, type ModelConfig } from "@dualpath/core";
import { checkSameVocabulary } from "@dualpath/datasets";
import { experimentSchema, type Experiment } from "../config/experiment.js";
import { readDocument } from "../config/document.js";
import { validated } from "../config/load.js";
import { withWeights } from "../config/places.js";
import { merged, withValue, type Path } from "../config/path.js";
import { availableCores } from "../process/cores.js";
import { writeWhole } from "../process/files.js";
import type { TrialDirectory } from "../sweep/directory.js";
import { engineMultiply } from "../trial/engine-multiply.js";
import { latestCheckpoint, locateTrial, requireTrial } from "../trial/locate.js";
import { measure, measuredName } from "../trial/measure.js";
import { requireSplits } from "../trial/open-data.js";
import { readVocabulary } from "../trial/vocabulary.js";
import { comparableRows, readOtherRows } from "./against.js";
import { evaluatedRows, evaluatedTable, type EvaluatedRow } from "./evaluated-rows.js";
import type { CommandContext } from "./experiment-run.js";
import { openComputed } from "./open-computed.js";
import { withData } from "./override.js";

export interface EvaluateOptions {
  /** A trial's directory, its checkpoints folder, or one .safetensors file in it. */
  readonly checkpoint: string;
  readonly data?: string | undefined;
  readonly weights?: string | undefined;
  readonly split?: string | undefined;
  /** Rows to show beside: a file that was written by `json`, or "published" for those of the trial's config. */
  readonly against?: string | undefined;
  /** Rules of the test in place of the trial's. */
  readonly feature?: ModelConfig["evaluationFeature"] | undefined;
  readonly flip?: boolean | undefined;
  readonly convolutional?: boolean | undefined;
  readonly positions?: number | "all" | undefined;
  /** Round the weights as an export with int8 does. */
  readonly int8?: boolean | undefined;
  /** File for the rows as a JSON array. */
  readonly json?: string | undefined;
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
  const { signal, output } = context;
  const located = locateTrial(options.checkpoint);
  const experiment = readTrialConfig(located.directory, options);
  const checkpoint = located.file ?? latestCheckpoint(located.directory, experiment);
  const { description } = await readCheckpointHeader(checkpoint);
  const others = options.against === undefined ? undefined : readOtherRows(options.against, experiment);
  const threads = experiment.threads ?? availableCores();
  const engine = engineMultiply(experiment.device, threads);
  const { corpus, data } = await openComputed(experiment, { ...context, multiply: engine.multiply }).finally(
    engine.close,
  );
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
    const rows = measured === undefined ? [] : evaluatedRows(measured.result);
    output.write(`${checkpoint}\n${rulesLine(experiment)}\n\n${evaluatedTable(rows, beside)}\n`);
    if (options.json !== undefined) writeWhole(resolve(options.json), `${JSON.stringify(rows, null, 2)}\n`);
    return rows;
  } finally {
    await corpus.close();
  }
}

function readTrialConfig(directory: TrialDirectory, options: EvaluateOptions): Experiment {
  const { data, weights } = options;
  requireTrial(directory);
  const document = withWeights(withData(readDocument(directory.config), data), weights);
  const kept = data === undefined ? {} : keptText(directory);
  const corpus = merged((document.value as { corpus: unknown }).corpus, { text: kept });
  const value = withRules(withValue(document.value, ["corpus"], corpus), options);
  return validated({ ...document, value }, experimentSchema);
}

/** The raw config with the rules of the test that the command names. */
function withRules(config: unknown, { feature, flip, convolutional, positions }: EvaluateOptions): unknown {
  const rules: readonly (readonly [Path, unknown])[] = [
    [["model", "evaluationFeature"], feature],
    [["evaluation", "flip"], flip],
    [["evaluation", "convolutional"], convolutional],
    [["evaluation", "positions"], positions],
  ];
  const named = rules.filter(([, value]) => value !== undefined);
  return named.reduce((changed, [path, value]) => withValue(changed, path, value), config);
}

function rulesLine({ model, evaluation }: Experiment): string {
  const { flip, convolutional = false, positions } = evaluation;
  const places = typeof positions === "object" ? positions.join(", ") : String(positions);
  return `feature ${model.evaluationFeature}, flip ${flip}, convolutional ${convolutional}, positions ${places}`;
}

/** Words and vectors mean what they meant in training: another folder's captions are read as the trained ones were. */
function keptText({ vocabulary, texts }: TrialDirectory): { vocabulary?: string; fitted?: string } {
  return {
    ...(existsSync(vocabulary) && { vocabulary }),
    ...(existsSync(texts) && { fitted: texts }),
  };
}
