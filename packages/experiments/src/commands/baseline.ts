import { resolve } from "node:path";
import { Store, type EvaluationResult } from "@dualpath/core";
import type { Multiply, TrainingData } from "@dualpath/datasets";
import { baselineSchema } from "../baselines/config.js";
import { learnCanonical, scoreCanonical } from "../baselines/retrieval.js";
import type { Experiment } from "../config/experiment.js";
import { availableCores } from "../process/cores.js";
import { writeWhole } from "../process/files.js";
import { engineMultiply } from "../trial/engine-multiply.js";
import { meanResult } from "../trial/measure.js";
import { matchingSplits, requireSplits } from "../trial/open-data.js";
import { evaluatedRows, evaluatedTable, type EvaluatedRow } from "./evaluated-rows.js";
import { readExperiment, type CommandContext, type RunOptions } from "./experiment-run.js";
import { openComputed } from "./open-computed.js";

export interface BaselineOptions extends Pick<RunOptions, "config" | "data" | "weights"> {
  /** Canonical directions to keep. */
  readonly dimensions?: number | undefined;
  readonly split?: string | undefined;
  /** File for the rows as a JSON array. */
  readonly json?: string | undefined;
}

/** A way to compare canonical coordinates, measured. */
export interface BaselineRow extends EvaluatedRow {
  readonly name: string;
}

/** Captions that each training image is paired with. */
const PASSES = 5;

const PLAIN = { name: "CCA", power: 0 };
const NORMALISED = { name: "normalised CCA", power: baselineSchema.parse({}).power };

/**
 * `baseline`: canonical correlation of the features and text vectors that a config trains on, in place of its model
 * (paper B's baselines), scored on the config's split. Throws CONFIG_INVALID where images or texts are no vectors.
 */
export async function baselineCommand(
  options: BaselineOptions,
  context: CommandContext,
): Promise<BaselineRow[]> {
  const { experiment } = readExperiment(options, context);
  const threads = experiment.threads ?? availableCores();
  const store = Store.open({ device: experiment.device, threads });
  const { multiply, close } = engineMultiply(experiment.device, threads);
  try {
    const { corpus, data } = await openComputed(experiment, { ...context, multiply });
    const measuring = { store, data, multiply };
    const rows = await measuredRows(experiment, options, { ...context, ...measuring }).finally(() =>
      corpus.close(),
    );
    for (const { name } of [PLAIN, NORMALISED])
      context.output.write(`\n${name}\n${evaluatedTable(rows.filter((row) => row.name === name))}\n`);
    if (options.json !== undefined) writeWhole(resolve(options.json), `${JSON.stringify(rows, null, 2)}\n`);
    return rows;
  } finally {
    await close();
    await store.dispose();
  }
}

interface Measuring extends CommandContext {
  readonly store: Store;
  readonly data: TrainingData;
  readonly multiply: Multiply;
}

async function measuredRows(
  { seed, evaluation, report }: Experiment,
  options: BaselineOptions,
  { store, data, multiply, output, signal }: Measuring,
): Promise<BaselineRow[]> {
  const split = options.split ?? report.splits[0] ?? evaluation.split;
  requireSplits(data, [split], "--split");
  const { dimensions, regularization } = baselineSchema.parse({ dimensions: options.dimensions });
  const onPairs = (seen: number, total: number): void => void output.write(`pairs: ${seen} of ${total}\n`);
  const learning = { dimensions, regularization, passes: PASSES, seed, multiply, onPairs, signal };
  const found = await learnCanonical(data, learning);
  const rows: BaselineRow[] = [];
  for (const { name, power } of [PLAIN, NORMALISED]) {
    const scoring = { power, multiply, galleries: evaluation.galleries, signal };
    const parts: EvaluationResult[] = [];
    for (const part of matchingSplits(data, split))
      parts.push(await scoreCanonical(store, data.evaluation(part), found, scoring));
    rows.push(...evaluatedRows(meanResult(split, parts)).map((row) => ({ name, ...row })));
  }
  return rows;
}
