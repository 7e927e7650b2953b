import { imageTrunkSchema, modelSchema, stageSchema, type ModelConfig, type Stage } from "@dualpath/core";
import { flickr30kEntitiesSchema, textSchema } from "@dualpath/datasets";
import { z } from "zod";
import { baselineSchema } from "../baselines/config.js";
import type { ConfigDocument } from "../config/document.js";
import { requirementSchema } from "../config/experiment.js";
import { valueAt } from "../config/path.js";
import { runnerShape } from "../config/schema.js";
import { ExperimentError } from "../errors.js";

const share = z.number().gt(0).max(1);
const count = z.int().positive();

/** Where the boxes come from that a phrase may mean: a program's, by file, or a grid over the image. */
export const proposalsSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("grid"),
    scales: z.array(share).min(1).optional(),
    aspects: z.array(z.number().positive()).min(1).optional(),
    step: share.optional(),
    most: count
      .optional()
      .describe("boxes an image, taken evenly from large to small and top to bottom; default: all"),
  }),
  z.strictObject({
    kind: z.literal("file"),
    path: z
      .string()
      .min(1)
      .describe("folder of <id>.mat, <id>.npy or <id>.json, or one JSON file; below the data"),
    form: z.enum(["corners", "size"]).default("size").describe("x y right bottom, or x y width height"),
    base: z.literal([0, 1]).default(1).describe("coordinate of the first pixel: 1 in MATLAB, 0 in Python"),
    most: count.default(200).describe("boxes an image, the first ones"),
  }),
]);

/** Features of regions: the trunk sees each box, warped to its input size. */
export const regionFeaturesSchema = z.strictObject({
  trunk: imageTrunkSchema,
  weights: z.string().min(1).describe("the trunk's weights, below the data where relative"),
  size: count.default(256).describe("pixels of a side of the decoded photo that boxes are cut from"),
});

/** Fine-tuning against wrong boxes of the same image (paper B, 4.4). */
export const hardNegativesSchema = z.strictObject({
  each: count.default(2).describe("wrong boxes beside each right one"),
  below: share.default(0.3).describe("overlap from which a box is no negative any more"),
  proposals: count.default(30).describe("boxes of each training image to choose from"),
  stage: stageSchema,
});

const recalls = z.tuple([z.number(), z.number(), z.number()]).describe("R@1, R@5, R@10 in percent");

/** Phrase localization on Flickr30k Entities: one YAML file. */
export const localizationSchema = z
  .strictObject({
    task: z.literal("phrase-localization"),
    name: runnerShape.name,
    seed: runnerShape.seed,
    device: runnerShape.device,
    threads: runnerShape.threads,
    entities: flickr30kEntitiesSchema.extend({ images: z.string().min(1) }),
    proposals: proposalsSchema,
    regions: regionFeaturesSchema,
    text: textSchema.required({ vectors: true }),
    model: modelSchema,
    training: stageSchema,
    hardNegatives: hardNegativesSchema.optional(),
    baseline: baselineSchema.optional().describe("normalised CCA on the same features"),
    split: z.enum(["validation", "test"]).default("test"),
    published: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          split: z.string().min(1).describe("the split that the paper measured, in this project's words"),
          recalls,
          source: z.string().min(1),
        }),
      )
      .default([])
      .describe("rows of papers, shown beside what was measured"),
    requires: z
      .array(requirementSchema)
      .default([])
      .describe("what has to lie in the data folder, and where it comes from"),
  })
  .refine(({ hardNegatives }) => (hardNegatives?.stage.losses.structure?.images ?? 0) === 0, {
    error: "hard negatives belong to no class: the structure loss of images must have weight 0",
    path: ["hardNegatives", "stage", "losses", "structure", "images"],
  })
  .refine(everyStageLearnsItsScores, {
    error:
      "a similarity network scores the boxes and learns by losses.logistic, in every stage; neither goes alone",
    path: ["model", "similarity"],
  });

/** What ranks the boxes has to be what the stages train. */
function everyStageLearnsItsScores({ model, training, hardNegatives }: StagedModel): boolean {
  const learns = ({ losses }: Stage): boolean => (losses.logistic?.weight ?? 0) > 0;
  const stages = [training, ...(hardNegatives ? [hardNegatives.stage] : [])];
  return stages.every((stage) => learns(stage) === (model.similarity !== undefined));
}

interface StagedModel {
  readonly model: ModelConfig;
  readonly training: Stage;
  readonly hardNegatives?: { readonly stage: Stage } | undefined;
}

export type LocalizationConfig = z.infer<typeof localizationSchema>;

/** True for a config of phrase localization. */
export const isLocalization = ({ value }: Pick<ConfigDocument, "value">): boolean =>
  valueAt(value, ["task"]) === "phrase-localization";

/** Throws USAGE for a config of phrase localization. */
export function refuseLocalization(document: ConfigDocument): void {
  if (!isLocalization(document)) return;
  const message =
    `${document.file} is for phrase localization: experiments:reproduce trains and measures it, a finished run only ` +
    "measures, and experiments:explain says what it costs. Other commands do not take it.";
  throw new ExperimentError("USAGE", message, { file: document.file });
}

/** The measured split's name in results. */
export const splitName = ({ split }: Pick<LocalizationConfig, "split">): string =>
  `flickr30k-entities/${split}`;

export type ProposalsConfig = z.infer<typeof proposalsSchema>;
export type HardNegativesConfig = z.infer<typeof hardNegativesSchema>;
