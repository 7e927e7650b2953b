import { z } from "zod";

const text = z.record(z.string(), z.string());
const value = z
  .union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])])
  .transform((written) => Number(written));

/** The lines of a trial's `journal.jsonl` that tell of its progress; the format is the tracking client's. */
export const trialEventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("params"), params: text }),
  z.object({ kind: z.literal("tags"), tags: text }),
  z.object({
    kind: z.literal("metrics"),
    step: z.number(),
    timestamp: z.number(),
    values: z.record(z.string(), value),
  }),
]);

export type TrialEvent = z.infer<typeof trialEventSchema>;

/** Names that the trial writes and the display reads. */
export const trialKeys = {
  /** param: optimizer steps of all stages together, when none stops early */
  totalSteps: "steps",
  /** tag: the stage that runs */
  stage: "trial.stage",
  /** tag: how training computes products, and why so where the config asks for something else */
  precision: "trial.precision",
  /** tag: the step that a resumed attempt went on from */
  resumedAt: "trial.resumed_at",
  epoch: "train/epoch",
  loss: "train/loss",
  /** metric: wall time of all attempts so far */
  seconds: "train/seconds",
} as const;

/** Prefix of the metrics of an evaluation during training. */
export const EVALUATION_PREFIX = "val/";

/** Whether a line holds an evaluation. */
export const isEvaluation = (event: TrialEvent): event is Extract<TrialEvent, { kind: "metrics" }> =>
  event.kind === "metrics" && Object.keys(event.values).some((key) => key.startsWith(EVALUATION_PREFIX));
