import { curriculumSchema, evaluationSchema, modelSchema } from "@dualpath/core";
import { corpusSchema } from "@dualpath/datasets";
import { z } from "zod";
import { runnerShape } from "./schema.js";

/** What is measured when training is over. */
export const reportSchema = z.strictObject({
  splits: z.array(z.string().min(1)).default(["test"]),
  weights: z
    .enum(["best", "last"])
    .default("best")
    .describe("of each stage: best on validation, or the last"),
  gallery: z.string().optional().describe("the gallery to report; default: the mean over the galleries"),
});

/** A whole experiment: the one YAML file that describes a run or a sweep. */
export const experimentSchema = z.strictObject({
  ...runnerShape,
  corpus: corpusSchema,
  model: modelSchema,
  curriculum: curriculumSchema,
  evaluation: evaluationSchema.prefault({}),
  report: reportSchema.prefault({}),
  checkpointEvery: z.int().nonnegative().default(0).describe("steps between checkpoints; 0: one an epoch"),
});

export type Experiment = z.infer<typeof experimentSchema>;
export type ReportConfig = z.infer<typeof reportSchema>;
