import { z } from "zod";

/**
 * How products are computed. f32: in full. bf16: products and the activations between them in bfloat16; parameters,
 * optimizer, statistics, losses and weight gradients in f32. tf32: inputs of products rounded to 10 bits, on NVIDIA's
 * tensor cores.
 */
export const precisionSchema = z.enum(["f32", "bf16", "tf32"]);

/** How products are computed: see {@link precisionSchema}. */
export type Precision = z.infer<typeof precisionSchema>;
