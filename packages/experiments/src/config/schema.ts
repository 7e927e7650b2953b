import { z } from "zod";
import { sweepSchema } from "../space/schema.js";

/** Where the runs are recorded. `uri` beats MLFLOW_TRACKING_URI, which beats the project's own local server. */
export const trackingSchema = z.strictObject({
  kind: z.enum(["mlflow", "none"]).default("mlflow"),
  uri: z.url({ protocol: /^https?$/ }).optional(),
  experiment: z.string().min(1).max(500).default("dualpath").describe("the MLflow experiment's name"),
  logEvery: z.int().positive().default(10).describe("steps between points of the training curves"),
});

const NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/;

/** Where a trial computes. "reference" is the slow float64 interpreter, which needs no native code. */
export const deviceSchema = z.union([
  z.enum(["auto", "cpu", "cuda", "reference"]),
  z.templateLiteral(["cuda:", z.int().nonnegative()]),
]);

/** The part of an experiment that the runner itself reads; the rest describes the training. */
export const runnerShape = {
  name: z.string().regex(NAME, "Invalid: expected a folder name of letters, digits, spaces, dots, _ and -"),
  seed: z.int().nonnegative().max(0xffffffff).default(0),
  device: deviceSchema.default("auto"),
  threads: z
    .int()
    .positive()
    .optional()
    .describe("cores of one trial; default: the cores divided among them"),
  tracking: trackingSchema.prefault({}),
  sweep: sweepSchema.optional(),
} as const;

export const runnerSchema = z.looseObject(runnerShape);

/** An experiment as the runner sees it. */
export type RunnerConfig = z.infer<typeof runnerSchema>;
export type TrackingConfig = z.infer<typeof trackingSchema>;
export type Device = z.infer<typeof deviceSchema>;
