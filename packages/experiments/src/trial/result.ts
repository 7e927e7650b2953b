import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { writeWhole } from "../process/files.js";
import { scoresSchema } from "./scores.js";

/** The final evaluation of one stage on one split. */
export const resultRowSchema = z.object({
  name: z.string().describe("the stage"),
  split: z.string(),
  ...scoresSchema.shape,
  seconds: z.number().describe("wall time of the trial up to the end of the stage"),
});

/** What a finished trial leaves; its presence is what makes the trial finished. */
export const trialResultSchema = z.object({
  metrics: z.record(z.string(), z.number()),
  rows: z.array(resultRowSchema),
  warning: z.string().optional().describe("what keeps the rows from being compared with published ones"),
  seconds: z.number(),
});

export const trialFailureSchema = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });

export type ResultRow = z.infer<typeof resultRowSchema>;
export type TrialResult = z.infer<typeof trialResultSchema>;
export type TrialFailure = z.infer<typeof trialFailureSchema>;

const readAs = <T>(file: string, schema: z.ZodType<T>): T | undefined =>
  existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;

/** The result in a file, or undefined when the trial has not finished. */
export const readResult = (file: string): TrialResult | undefined => readAs(file, trialResultSchema);

/** Why the last attempt gave up, if it could say so. */
export const readFailure = (file: string): TrialFailure | undefined => readAs(file, trialFailureSchema);

export const writeResult = (file: string, result: TrialResult): void =>
  writeWhole(file, `${JSON.stringify(result, null, 2)}\n`);

export const writeFailure = (file: string, failure: TrialFailure): void =>
  writeWhole(file, `${JSON.stringify(failure, null, 2)}\n`);
