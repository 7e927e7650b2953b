import { z } from "zod";

const weight = z.number().nonnegative();

/** Shared-classifier instance loss: one class per image (or identity), a softmax for each path. */
export const instanceLossSchema = z.strictObject({
  weight: weight.default(1).describe("weight of both paths"),
  image: weight.optional().describe("overrides the image path's weight"),
  text: weight.optional().describe("overrides the text path's weight"),
  smoothing: z.number().min(0).lt(1).default(0),
});

/**
 * Bidirectional ranking hinge on cosine similarities. `in-batch`: all violating negatives of the batch;
 * `hardest`: only the hardest negative (VSE++); `paper-a`: first half of the batch anchors, second half
 * negatives, the texts among them the hardest of `candidates` random captions (0: no mining).
 */
export const rankingLossSchema = z.strictObject({
  weight: weight.default(1),
  margin: z.number().positive().default(1),
  mining: z.enum(["in-batch", "hardest", "paper-a"]).default("in-batch"),
  candidates: z.int().nonnegative().default(0),
});

/** In-batch softmax over scaled cosine similarities (InfoNCE), both directions averaged. */
export const contrastiveLossSchema = z.strictObject({
  weight: weight.default(1),
  scale: z.number().positive().default(20),
  positives: z
    .enum(["own", "class"])
    .default("own")
    .describe("own: other rows of the same class are left out; class: they are positives as well"),
});

/**
 * Paper B's structure-preserving loss on Euclidean distances of unit vectors: each of four families of triplets is
 * weighed by its own number, and of each anchor's violations only the largest count.
 */
export const structureLossSchema = z.strictObject({
  margin: z.number().positive().default(0.1),
  violations: z.int().positive().default(50).describe("K, the largest ones, which are kept"),
  keep: z
    .enum(["anchor", "positive"])
    .default("anchor")
    .describe("K of each anchor, summed (paper B), or of each anchor and positive, averaged (its code)"),
  imageToText: weight.default(1).describe("image anchors, texts ranked"),
  textToImage: weight.default(2).describe("text anchors, images ranked"),
  images: weight.default(0).describe("images of one class closer than others; needs neighbours.images"),
  texts: weight.default(0.1).describe("texts of one class closer than others; needs neighbours.texts"),
});

/** In-batch sigmoid loss over scale * cosine + bias (SigLIP); pairs of one class are positives. */
export const sigmoidLossSchema = z.strictObject({
  weight: weight.default(1),
  scale: z.number().positive().default(10),
  bias: z.number().default(-10),
});

/** Logistic loss of the similarity network's scores, on every pair of the batch (paper B's journal version). */
export const logisticLossSchema = z.strictObject({
  weight: weight.default(1),
  negatives: z
    .number()
    .positive()
    .default(1)
    .describe("weight of an image's negatives, its positives having 1"),
});

/** The losses of a stage; one with weight 0 is not computed. */
export const lossesSchema = z
  .strictObject({
    instance: instanceLossSchema.optional(),
    ranking: rankingLossSchema.optional(),
    contrastive: contrastiveLossSchema.optional(),
    structure: structureLossSchema.optional(),
    sigmoid: sigmoidLossSchema.optional(),
    logistic: logisticLossSchema.optional(),
  })
  .refine(({ instance, structure, ...others }) => {
    const paths = instance ? [instance.image ?? instance.weight, instance.text ?? instance.weight] : [];
    const families = structure ? STRUCTURE_FAMILIES.map((family) => structure[family]) : [];
    const weights = Object.values(others).map((loss) => loss?.weight ?? 0);
    return [...paths, ...weights, ...families].some((weight) => weight > 0);
  }, "at least one of instance, ranking, contrastive, structure, sigmoid and logistic needs a positive weight");

/** The four families of triplets of the structure loss. */
export const STRUCTURE_FAMILIES = ["imageToText", "textToImage", "images", "texts"] as const;

export type InstanceLossConfig = z.infer<typeof instanceLossSchema>;
export type RankingLossConfig = z.infer<typeof rankingLossSchema>;
export type ContrastiveLossConfig = z.infer<typeof contrastiveLossSchema>;
/**
 * Checked weights and rules of the structure-preserving loss.
 * @interface
 */
export type StructureLossConfig = z.infer<typeof structureLossSchema>;
export type SigmoidLossConfig = z.infer<typeof sigmoidLossSchema>;
/**
 * Checked losses of a stage, defaults filled in.
 * @interface
 */
export type LossesConfig = z.infer<typeof lossesSchema>;
