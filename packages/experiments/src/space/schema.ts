import { z } from "zod";

const range = (number: z.ZodNumber | z.ZodInt) =>
  z.tuple([number, number]).refine(([low, high]) => low < high, {
    message: "Invalid: expected the lower bound first, then a higher one",
  });

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);
const choices = z.array(z.union([scalar, z.array(scalar), z.record(z.string(), z.unknown())])).min(1);

/**
 * One coordinate of a search space: a list (or `choice`) of values, a range to draw from, or named variants,
 * each a partial config that is laid over the base.
 */
export const coordinateSchema = z.union([
  choices,
  z.strictObject({ choice: choices }),
  z.strictObject({ uniform: range(z.number()) }),
  z.strictObject({ logUniform: range(z.number().positive()) }),
  z.strictObject({ int: range(z.int()) }),
  z.strictObject({ variants: z.record(z.string().min(1), z.record(z.string(), z.unknown())) }),
]);

export const objectiveSchema = z.strictObject({
  metric: z.string().min(1).default("best/val_rsum").describe("a key of a trial's result"),
  direction: z.enum(["maximize", "minimize"]).default("maximize"),
});

export const prunerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("median"),
    metric: z.string().min(1).default("val/rsum").describe("a metric of every evaluation"),
    direction: z.enum(["maximize", "minimize"]).default("maximize"),
    warmup: z.int().nonnegative().default(2).describe("evaluations of a trial before it may be stopped"),
    minimumTrials: z.int().positive().default(3).describe("trials that must have come as far"),
  }),
]);

/** What a sweep is meant to show: which values of one coordinate beat which, all others being repetitions. */
export const claimSchema = z.strictObject({
  statement: z.string().min(1).describe("a sentence, as it stands over the result"),
  coordinate: z.string().min(1).describe("the coordinate whose values are compared"),
  pairs: z
    .array(z.tuple([z.string().min(1), z.string().min(1)]))
    .min(1)
    .describe("values of it, the better one first"),
});

/** The `sweep` section of an experiment. */
export const sweepSchema = z
  .strictObject({
    sampler: z.enum(["grid", "random"]).default("grid"),
    trials: z.int().positive().optional().describe("how many points a random sampler draws"),
    space: z.record(z.string().min(1), coordinateSchema),
    objective: objectiveSchema.prefault({}),
    claim: claimSchema.optional(),
    pruner: prunerSchema.default({ kind: "none" }),
    parallel: z.int().positive().default(1).describe("trials that run side by side, sharing the cores"),
    retries: z.int().nonnegative().default(1).describe("further attempts after a crash"),
    keepGoing: z.boolean().default(true).describe("go on with the other trials when one has failed"),
  })
  .superRefine((sweep, context) => {
    checkClaim(sweep, context);
    if (sweep.sampler === "random" && sweep.trials === undefined) {
      context.addIssue({
        code: "custom",
        path: ["trials"],
        message: "Missing: expected how many points to draw, since the sampler is random",
      });
    }
    if (sweep.sampler === "grid") {
      for (const [key, coordinate] of Object.entries(sweep.space)) {
        if (!Array.isArray(coordinate) && !("choice" in coordinate) && !("variants" in coordinate)) {
          context.addIssue({
            code: "custom",
            path: ["space", key],
            message:
              "Not countable: expected a list of values, since the sampler is grid (ranges need sampler: random)",
          });
        }
      }
    }
  });

function checkClaim(
  { claim, space }: { claim?: Claim | undefined; space: Record<string, Coordinate> },
  context: z.core.$RefinementCtx,
): void {
  if (claim === undefined) return;
  const fail = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: "custom", path: ["claim", ...path], message });
  const coordinate = space[claim.coordinate];
  if (coordinate === undefined)
    return fail(["coordinate"], `Unknown: expected one of ${Object.keys(space).join(", ")}`);
  const known = valuesOf(coordinate);
  claim.pairs.forEach((pair, index) =>
    pair.forEach((value, side) => {
      const message = `Unknown: expected one of ${known.join(", ")}`;
      if (!known.includes(value)) fail(["pairs", index, side], message);
    }),
  );
}

/** The values that a coordinate lists, as words; none for a range. */
function valuesOf(coordinate: Coordinate): readonly string[] {
  const inWords = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  if (Array.isArray(coordinate)) return coordinate.map(inWords);
  if ("choice" in coordinate) return coordinate.choice.map(inWords);
  return "variants" in coordinate ? Object.keys(coordinate.variants) : [];
}

export type Claim = z.infer<typeof claimSchema>;
export type Coordinate = z.infer<typeof coordinateSchema>;
export type Objective = z.infer<typeof objectiveSchema>;
export type PrunerConfig = z.infer<typeof prunerSchema>;
export type SweepConfig = z.infer<typeof sweepSchema>;
