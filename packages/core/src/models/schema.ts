import { z } from "zod";

const count = z.int().positive();
const width = z.number().positive();
const weightRule = z.enum(["fan-in-uniform", "he", "xavier"]);

/** epsilon is added to the variance; momentum is the share of the newest batch in the moving averages. */
export const batchNormSchema = (epsilon: number, momentum: number) =>
  z
    .strictObject({
      epsilon: z.number().positive().default(epsilon),
      momentum: z.number().gt(0).lte(1).default(momentum),
    })
    .prefault({});

const channelMeans = z.tuple([z.number(), z.number(), z.number()]);
const channelDeviations = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

/** What every trunk that reads pictures has; pixels run from 0 to 255, the defaults are torchvision's. */
const pixelFields = {
  pixelMean: channelMeans.default([123.675, 116.28, 103.53]),
  pixelDeviation: channelDeviations.default([58.395, 57.12, 57.375]),
};

/** ResNet trunk with torchvision's parameter names below `image.trunk`. */
export const resnetSchema = z.strictObject({
  kind: z.literal("resnet"),
  depth: z.literal([18, 34, 50, 101, 152]),
  width: width.default(1).describe("multiplies every channel count"),
  stem: z
    .enum(["imagenet", "small", "small-halved"])
    .default("imagenet")
    .describe("7x7 stride 2 and max pool; 3x3 stride 1; 3x3 stride 2"),
  inputSize: count.default(224),
  stages: z.array(count).min(1).optional().describe("residual blocks per stage instead of the depth's own"),
  initializer: weightRule.default("he"),
  batchNorm: batchNormSchema(1e-5, 0.1),
  ...pixelFields,
});

/**
 * VGG trunk with torchvision's parameter names, cut at fc7 in front of its ReLU as in paper A: at
 * width 1 the feature has 4096 numbers. fc6 sees the whole last plane: 7 x 7 at the input size 224.
 */
export const vggSchema = z.strictObject({
  kind: z.literal("vgg"),
  depth: z.literal([16, 19]),
  width: width.default(1).describe("multiplies every channel count"),
  inputSize: count.multipleOf(32).default(224),
  dropout: z.number().min(0).lt(1).default(0).describe("behind fc6"),
  initializer: weightRule.default("he"),
  ...pixelFields,
});

/** MobileNetV2 trunk with torchvision's parameter names; weights from TensorFlow want pixels of 127.5 +- 127.5. */
export const mobileNetV2Schema = z.strictObject({
  kind: z.literal("mobilenet-v2"),
  width: width
    .default(1)
    .describe("multiplies every channel count, to multiples of 8; the last never shrinks"),
  inputSize: count.default(224),
  initializer: weightRule.default("he"),
  batchNorm: batchNormSchema(1e-5, 0.1),
  ...pixelFields,
});

/** A trunk that turns pictures into one vector each. */
export const imageTrunkSchema = z.discriminatedUnion("kind", [resnetSchema, vggSchema, mobileNetV2Schema]);

/** Precomputed image features, one vector per image. */
export const imageFeaturesSchema = z.strictObject({ kind: z.literal("features"), dimension: count });

/**
 * The deep residual text CNN of paper A. `stages` lists the residual blocks per stage, [3, 4, 6, 1] in the
 * paper; `shortcut` lets the direction of the caption's mean word vector pass the CNN by: a linear map of it is
 * added to the pooled feature, or it is concatenated to it.
 */
export const textCnnSchema = z.strictObject({
  kind: z.literal("text-cnn"),
  width: width.default(1),
  length: count.default(32).describe("words per caption after padding"),
  wordDimension: count.default(300),
  stages: z.array(count).min(1).max(4).default([3, 4, 6, 1]),
  shortcut: z.union([z.boolean(), z.literal("concatenate")]).default(false),
  lookupDropout: z.number().min(0).lt(1).default(0).describe("dropout on the looked-up word vectors"),
  wordDeviation: z.number().positive().default(0.1).describe("standard deviation of random word vectors"),
  initializer: weightRule.default("fan-in-uniform"),
  batchNorm: batchNormSchema(1e-3, 0.05),
});

/** Mean of a caption's word vectors, then batch norm: a bag of words. */
export const meanWordsSchema = z.strictObject({
  kind: z.literal("mean-words"),
  length: count.default(32),
  wordDimension: count.default(300),
  wordDeviation: z.number().positive().default(0.1),
  batchNorm: batchNormSchema(1e-5, 0.1),
});

/** The similarity network of paper B's journal version: layers behind the product of both embeddings. */
export const similaritySchema = z.strictObject({
  hidden: z.array(count).min(1).default([256]).describe("widths of the layers in front of the score"),
  initializer: weightRule.default("xavier"),
});

/** Precomputed text vectors. */
export const textVectorSchema = z.strictObject({ kind: z.literal("vector"), dimension: count });

/**
 * Layers between a path and the shared space. Both paths end in FC -> BN -> ReLU -> Dropout (paper A); the image path has a hidden FC -> BN -> ReLU before it unless `imageHidden` is 0.
 */
export const headSchema = z.strictObject({
  imageHidden: z
    .int()
    .nonnegative()
    .optional()
    .describe("width of the hidden layer; default: the trunk's output"),
  textHidden: z.int().nonnegative().default(0),
  hidden: z
    .enum(["batch-norm-relu", "relu"])
    .default("batch-norm-relu")
    .describe("what follows a hidden FC; relu in paper B, which normalises behind the last layer instead"),
  output: z.enum(["batch-norm-relu", "batch-norm", "linear"]).default("batch-norm-relu"),
  dropout: z.number().min(0).lt(1).default(0.5).describe("in front of the classifier"),
  hiddenDropout: z.number().min(0).lt(1).default(0).describe("behind the hidden layers"),
  initializer: weightRule.default("fan-in-uniform"),
  batchNorm: batchNormSchema(1e-3, 0.05),
});

/** W_share: one matrix for both paths; `normalized` makes its logits scale * cosine(feature, centre). */
export const classifierSchema = z
  .strictObject({
    bias: z.boolean().default(true),
    gain: z
      .number()
      .positive()
      .default(0.1)
      .describe("factor on the initial weights (0.1 in paper A's code)"),
    deviation: z.number().positive().optional().describe("normal initial weights of this deviation instead"),
    normalized: z.strictObject({ scale: z.number().positive().default(16) }).optional(),
    sampled: count
      .min(2)
      .optional()
      .describe("classes of a step's softmax: the batch's and random others; all centres lie in host memory"),
  })
  .refine(({ bias, sampled }) => sampled === undefined || !bias, {
    error: "a sampled classifier has no bias; set bias: false",
    path: ["bias"],
  });

const imageSchema = z.discriminatedUnion("kind", [...imageTrunkSchema.options, imageFeaturesSchema]);
const textSchema = z.discriminatedUnion("kind", [textCnnSchema, meanWordsSchema, textVectorSchema]);

/** A dual-path model as a run's configuration file declares it. */
export const modelSchema = z.strictObject({
  image: imageSchema,
  text: textSchema,
  embedding: count.default(2048).describe("dimensions of the shared space"),
  head: headSchema.prefault({}),
  classifier: z
    .union([z.literal("none"), classifierSchema])
    .prefault({})
    .describe("none: a model without instance loss, whose size does not grow with the training set"),
  similarity: similaritySchema
    .optional()
    .describe("scores pairs by a network in place of their cosine; learns by losses.logistic"),
  evaluationFeature: z
    .enum(["pre-relu", "post-relu"])
    .default("pre-relu")
    .describe("which side of the last ReLU retrieval compares"),
});

/**
 * A model as it is declared: what has a default may be left out.
 * @interface
 */
export type ModelInput = z.input<typeof modelSchema>;
/**
 * A checked model configuration, defaults filled in.
 * @interface
 */
export type ModelConfig = z.infer<typeof modelSchema>;
export type ResNetConfig = z.infer<typeof resnetSchema>;
export type VggConfig = z.infer<typeof vggSchema>;
export type MobileNetV2Config = z.infer<typeof mobileNetV2Schema>;
/** A checked image trunk, defaults filled in. */
export type ImageTrunkConfig = z.infer<typeof imageTrunkSchema>;
export type ImageFeaturesConfig = z.infer<typeof imageFeaturesSchema>;
export type TextCnnConfig = z.infer<typeof textCnnSchema>;
export type MeanWordsConfig = z.infer<typeof meanWordsSchema>;
export type TextVectorConfig = z.infer<typeof textVectorSchema>;
export type HeadConfig = z.infer<typeof headSchema>;
export type ClassifierConfig = z.infer<typeof classifierSchema>;
export type SimilarityConfig = z.infer<typeof similaritySchema>;
export type BatchNormConfig = z.infer<ReturnType<typeof batchNormSchema>>;
