import { z } from "zod";

const rate = z.number().min(0).lt(1);

/** SGD with momentum, in PyTorch's form: decay enters the gradient, velocity = momentum * velocity + g. */
export const sgdSchema = z.strictObject({
  kind: z.literal("sgd"),
  momentum: rate.default(0.9),
  nesterov: z.boolean().default(true),
  weightDecay: z.number().nonnegative().default(0),
  decays: z
    .enum(["all", "matrices"])
    .default("all")
    .describe("matrices: biases and batch norms do not decay"),
});

/** Adam, or AdamW where `decoupled`. */
export const adamSchema = z.strictObject({
  kind: z.literal("adam"),
  beta1: rate.default(0.9),
  beta2: rate.default(0.999),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().nonnegative().default(0),
  decays: z
    .enum(["all", "matrices"])
    .default("all")
    .describe("matrices: biases and batch norms do not decay"),
  decoupled: z.boolean().default(true),
});

/** The optimizer of a stage: SGD with momentum, or Adam(W). */
export const optimizerSchema = z.discriminatedUnion("kind", [sgdSchema, adamSchema]);

/** Parameters under a glob learn at `multiplier` times the stage's rate; the last group that matches wins. */
export const groupSchema = z.strictObject({
  match: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  multiplier: z.number().nonnegative().default(1),
  weightDecay: z.number().nonnegative().optional(),
});

/** A checked optimizer, defaults filled in. */
export type OptimizerConfig = z.infer<typeof optimizerSchema>;
/**
 * Parameters that learn at a rate of their own.
 * @interface
 */
export type ParameterGroup = z.infer<typeof groupSchema>;
