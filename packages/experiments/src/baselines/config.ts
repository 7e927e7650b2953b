import { z } from "zod";

/** Canonical correlation of image features and text vectors, and how its coordinates are compared. */
export const baselineSchema = z.strictObject({
  dimensions: z.int().positive().default(128),
  regularization: z.number().positive().default(1e-2).describe("share of the mean variance"),
  power: z.number().nonnegative().default(4).describe("weight of a direction: its correlation to this power"),
});

/** Checked options of the CCA baselines. */
export type BaselineConfig = z.infer<typeof baselineSchema>;
