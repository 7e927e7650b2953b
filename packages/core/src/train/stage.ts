import { z } from "zod";
import { lossesSchema } from "../losses/schema.js";
import { scheduleSchema } from "../optim/schedule.js";
import { groupSchema, optimizerSchema } from "../optim/schema.js";

const glob = z.string().min(1);

/** Stop a stage when a validation metric has not risen for `patience` evaluations in a row. */
export const stopSchema = z.strictObject({
  patience: z.int().positive(),
  metric: z.string().min(1).default("rsum").describe('"rsum", "imageToText.r1", "textToImage.r5", ...'),
});

/** Clipping of the global gradient norm. */
export const clipSchema = z.strictObject({ norm: z.number().positive() });

/** Exponential moving average of the learnt parameters; evaluation uses the averages. */
export const averageSchema = z.strictObject({ decay: z.number().gt(0).lt(1) });

/**
 * Images and texts of each drawn row's class in a batch: paper B's neighbourhood sampling takes 1 and 2. With all
 * captions of an image as neighbours the trunk runs once for all of them.
 */
export const neighboursSchema = z
  .strictObject({
    images: z.int().positive().default(1),
    texts: z.int().positive().default(1),
  })
  .prefault({});

/** One stage of a curriculum: what learns, by which losses, how fast and how long. */
export const stageSchema = z.strictObject({
  name: z.string().regex(/^[\w-]+$/, "letters, digits, - and _ only"),
  epochs: z.int().positive(),
  batchSize: z.int().min(2),
  neighbours: neighboursSchema.describe("images and texts that each of the batch's rows brings"),
  trainable: z.array(glob).min(1).default(["**"]).describe("globs of the parameters that learn"),
  frozen: z.array(glob).default([]).describe("globs taken out of `trainable`"),
  frozenStatistics: z.enum(["running", "batch"]).default("running"),
  losses: lossesSchema,
  optimizer: optimizerSchema,
  learningRate: z.number().positive(),
  groups: z.array(groupSchema).default([]),
  schedule: scheduleSchema.default({ kind: "constant" }),
  clip: clipSchema.optional(),
  average: averageSchema.optional(),
  stop: stopSchema.optional(),
  evaluateEvery: z.int().nonnegative().default(1).describe("epochs between evaluations; 0: only at the end"),
  startFrom: z.enum(["last", "best"]).default("last").describe("which weights of the stage before are taken"),
});

/** Stages in order; names must differ. */
export const curriculumSchema = z
  .array(stageSchema)
  .min(1)
  .refine((stages) => new Set(stages.map((stage) => stage.name)).size === stages.length, {
    message: "two stages have the same name",
  })
  .superRefine((stages, context) =>
    stages.forEach((stage, index) => {
      checkPaperMining(stage, index, context);
      checkNeighbours(stage, index, context);
    }),
  );

function checkNeighbours({ neighbours, losses }: Stage, index: number, context: z.core.$RefinementCtx): void {
  const fail = (path: string[], message: string): void =>
    context.addIssue({ code: "custom", path: [index, ...path], message, input: neighbours });
  const { structure, ranking } = losses;
  if (neighbours.images * neighbours.texts > 1 && ranking)
    fail(
      ["neighbours"],
      "ranking takes rows in pairs; leave neighbours out, or use contrastive or structure",
    );
  for (const view of ["images", "texts"] as const)
    if ((structure?.[view] ?? 0) > 0 && neighbours[view] < 2)
      fail(["losses", "structure", view], `a weight here needs neighbours.${view} of 2 or more`);
}

function checkPaperMining(stage: Stage, index: number, context: z.core.$RefinementCtx): void {
  if (stage.losses.ranking?.mining !== "paper-a" || stage.batchSize % 2 === 0) return;
  const message = "mining paper-a needs an even batch size: one half anchors, one half negatives";
  context.addIssue({ code: "custom", path: [index, "batchSize"], message, input: stage.batchSize });
}

/**
 * A checked stage, defaults filled in.
 * @interface
 */
export type Stage = z.infer<typeof stageSchema>;
/** Stages in order as they are declared: what has a default may be left out. */
export type CurriculumInput = readonly z.input<typeof stageSchema>[];
/** Checked stages in order, defaults filled in. */
export type Curriculum = z.infer<typeof curriculumSchema>;
