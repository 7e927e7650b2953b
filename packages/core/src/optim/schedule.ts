import { z } from "zod";

const warmup = z
  .strictObject({
    epochs: z.number().nonnegative().describe("length of the linear warm-up in epochs; fractions allowed"),
    from: z.number().min(0).max(1).default(0).describe("factor at the first step"),
  })
  .optional();

/** Learning-rate schedules; every one may begin with a linear warm-up. Lengths are in epochs. */
export const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), warmup }),
  z.strictObject({
    kind: z.literal("step"),
    milestones: z.array(z.number().positive()).min(1),
    factor: z.number().positive().default(0.1),
    warmup,
  }),
  z.strictObject({ kind: z.literal("cosine"), minimum: z.number().min(0).max(1).default(0), warmup }),
]);

/** How the learning rate moves within a stage, defaults filled in. */
export type Schedule = z.infer<typeof scheduleSchema>;

/** The time axis of a stage. */
export interface ScheduleTime {
  /** 0-based step of the stage. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Epochs of the whole stage. */
  readonly epochs: number;
}

/**
 * Factor on the base learning rate at a step: a pure function of the schedule and the time. `cosine` is half
 * a period from the warm-up's end to the stage's (Loshchilov and Hutter 2017, without restarts).
 */
export function scheduleFactor(schedule: Schedule, { step, stepsPerEpoch, epochs }: ScheduleTime): number {
  const warmupSteps = (schedule.warmup?.epochs ?? 0) * stepsPerEpoch;
  if (schedule.warmup && step < warmupSteps) {
    const { from } = schedule.warmup;
    return from + (1 - from) * ((step + 1) / Math.max(1, warmupSteps + 1));
  }
  if (schedule.kind === "constant") return 1;
  if (schedule.kind === "step") {
    const passed = schedule.milestones.filter((milestone) => step >= milestone * stepsPerEpoch);
    return schedule.factor ** passed.length;
  }
  const length = Math.max(1, epochs * stepsPerEpoch - warmupSteps);
  const progress = Math.min(1, (step - warmupSteps) / length);
  return schedule.minimum + (1 - schedule.minimum) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
