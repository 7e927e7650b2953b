import { describePrecision, dualPath, formatExplanation, imageTrunkFeatures } from "@dualpath/core";
import { readFlickr30kEntities } from "@dualpath/datasets";
import { missingRequirements } from "../config/places.js";
import type { LocalizationConfig } from "../localization/config.js";
import { phraseBook, trainingPairs } from "../localization/phrase-pairs.js";
import type { CommandContext } from "./experiment-run.js";
import { readLocalization, type LocalizeCommandOptions } from "./localize.js";
import { costTable, explainStage, stageCost, type ExplainedData, type StageCost } from "./stage-costs.js";

export interface ExplainLocalizationOptions extends Pick<
  LocalizeCommandOptions,
  "file" | "data" | "weights"
> {
  readonly nodes?: boolean | undefined;
}

const PRECISION = { wanted: "f32", inForce: "f32" } as const;

/**
 * `explain` of a phrase-localization preset: what each stage costs on features of regions, in steps too where the
 * entities are there to be counted.
 */
export async function explainLocalization(
  options: ExplainLocalizationOptions,
  { output }: CommandContext,
): Promise<StageCost[]> {
  const config = readLocalization(options);
  const { sizes, name } = await countedPairs(config);
  const model = dualPath(config.model, { classes: sizes.classes, vocabulary: 0 });
  const stages = [config.training, ...(config.hardNegatives ? [config.hardNegatives.stage] : [])];
  const planned = stages.map((stage) => ({ stage, plan: explainStage(model, stage, sizes, PRECISION) }));
  output.write(`${options.file}: ${name}, ${describePrecision(PRECISION)}\n\n`);
  if (options.nodes === true)
    for (const { plan } of planned) output.write(`${formatExplanation(plan.explanation)}\n\n`);
  // Nothing is evaluated beside the training of a stage.
  const costs = planned.map(({ stage, plan }) => stageCost(stage, plan, sizes, 0));
  output.write(`${costTable(costs)}\n`);
  return costs;
}

interface CountedPairs {
  readonly name: string;
  readonly sizes: ExplainedData;
}

/** An epoch of either stage passes over the pairs of a training phrase and a box that it means. */
async function countedPairs(config: LocalizationConfig): Promise<CountedPairs> {
  const known = { vocabularySize: 0, imageShape: [imageTrunkFeatures(config.regions.trunk)] };
  if (missingRequirements(config).length > 0) {
    const name = "flickr30k-entities (not there: the steps depend on its phrases)";
    return { name, sizes: { ...known, classes: 1, stepsPerEpoch: () => undefined } };
  }
  const { images } = await readFlickr30kEntities(config.entities);
  const training = images.filter(({ split }) => split === "train");
  const book = phraseBook(training, [], config.text.lowerCase);
  const { regions, pairs } = trainingPairs(training, book);
  const name = `flickr30k-entities, ${pairs.length} pairs of ${book.classes} phrases and ${regions.length} boxes`;
  const stepsPerEpoch = (batchSize: number): number => Math.floor(pairs.length / batchSize);
  return { name, sizes: { ...known, classes: book.classes + 1, stepsPerEpoch } };
}
