import {
  curriculumSchema,
  evaluationSchema,
  imageTrunkSchema,
  modelSchema,
  precisionSchema,
} from "@dualpath/core";
import { corpusSchema } from "@dualpath/datasets";
import { z } from "zod";
import { runnerShape } from "./schema.js";

const recalls = z.tuple([z.number(), z.number(), z.number()]).describe("R@1, R@5, R@10 in percent");

/** A row of a paper's table, shown beside what was measured. */
export const publishedSchema = z.strictObject({
  name: z.string().min(1).describe("the stage that it is compared with"),
  split: z.string().min(1).describe("the split that the paper measured, in this project's words"),
  imageToText: recalls.optional(),
  textToImage: recalls.optional(),
  source: z.string().min(1),
});

/** What is measured when training is over. */
export const reportSchema = z.strictObject({
  splits: z
    .array(z.string().min(1))
    .default(["test"])
    .describe('a name with * stands for the mean over all splits it matches: "test-fold*"'),
  published: z.array(publishedSchema).default([]),
  weights: z
    .enum(["best", "last"])
    .default("best")
    .describe("of each stage: best on validation, or the last"),
  gallery: z.string().optional().describe("the gallery to report; default: the mean over the galleries"),
});

/** A frozen trunk that is run once over all pictures; the model reads its features. */
export const frozenFeaturesSchema = z.strictObject({
  trunk: imageTrunkSchema,
  weights: z.string().min(1).describe("its weights: safetensors or a PyTorch state dict"),
  views: z
    .enum(["whole", "flip", "ten-crop"])
    .default("whole")
    .describe("parts of a picture whose features are averaged"),
});

/** Something that has to lie in the corpus folder, and where it comes from. */
export const requirementSchema = z.strictObject({
  path: z.string().min(1),
  what: z.string().min(1),
  from: z.string().min(1),
});

const count = z.int().positive();

/** Sizes of the full data, for explaining an experiment on a machine without them. */
export const expectedSchema = z.strictObject({
  images: count.describe("training images: what an epoch passes over"),
  classes: count,
  vocabulary: z.int().nonnegative().describe("0 for text vectors"),
});

/** A whole experiment: the one YAML file that describes a run or a sweep. */
export const experimentSchema = z.strictObject({
  ...runnerShape,
  corpus: corpusSchema,
  requires: z.array(requirementSchema).default([]),
  expected: expectedSchema.optional(),
  features: frozenFeaturesSchema.optional(),
  weights: z.string().min(1).optional().describe("first weights of the model's own image trunk"),
  model: modelSchema,
  curriculum: curriculumSchema,
  precision: precisionSchema
    .default("f32")
    .describe("of training's products; where the device lacks it, f32 with the reason"),
  evaluation: evaluationSchema.prefault({}),
  report: reportSchema.prefault({}),
  checkpointEvery: z.int().nonnegative().default(0).describe("steps between checkpoints; 0: one an epoch"),
});

export type Experiment = z.infer<typeof experimentSchema>;
export type PublishedRow = z.infer<typeof publishedSchema>;
export type ReportConfig = z.infer<typeof reportSchema>;
