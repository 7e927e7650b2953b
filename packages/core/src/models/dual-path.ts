import { Graph, type Value } from "../graph/graph.js";
import { createBuildContext, type BuildContext, type ParameterDeclaration } from "../layers/context.js";
import { dropoutLayer } from "../layers/dropout.js";
import type { Classifier } from "../losses/instance.js";
import { TrainingError } from "../train/errors.js";
import { add, affine, concat, cropResize, l2Normalize } from "../ops/index.js";
import { centresDeclaration, classifier, NORM_EPSILON } from "./classifier.js";
import { head } from "./head.js";
import { imageTrunk, imageTrunkFeatures, imageTrunkPlaces } from "./image-trunk.js";
import { meanWords } from "./mean-words.js";
import { modelSchema, type ImageTrunkConfig, type ModelConfig } from "./schema.js";
import { pairScores } from "./similarity.js";
import { textCnn, textCnnFeatures } from "./text-cnn.js";

/** Sizes that the data give a model. */
export interface ModelSizes {
  /** Instances (or identities) of the training set: columns of the shared classifier. */
  readonly classes: number;
  /** Words of the vocabulary, the pad id 0 not counted. */
  readonly vocabulary: number;
}

/** What the image path reads: bytes with crop boxes, or feature vectors. */
export interface ImageInput {
  /** u8 (N, H, W, 3), or f32 [N, D] for the features path. */
  readonly image: Value;
  /** f32 [N, 5]: top, left, height, width, flip; needed with bytes. */
  readonly box?: Value;
  /**
   * (height, width) that boxes are resized to; default: the model's input size. In larger ones the trunk and the head
   * look at every place of the input size, and their outputs are averaged: a fully convolutional network.
   */
  readonly size?: readonly [number, number];
}

/** One path of the model in a graph. */
export interface PathOutput {
  /** Pooled output of the trunk [N, F]. */
  readonly feature: Value;
  /** In the shared space [N, E], before dropout. */
  readonly projection: Value;
  /** The projection with length 1: what retrieval and the ranking losses compare. */
  readonly embedding: Value;
  /** The dropped-out projection [N, E], which the shared classifier reads; built when called. */
  dropped(): Value;
}

/** A declared dual-path model: pure description, no weights. */
export interface DualPath {
  readonly config: ModelConfig;
  readonly sizes: ModelSizes;
  /** Every parameter and moving average with its shape and first value. */
  readonly parameters: readonly ParameterDeclaration[];
  /** The classifier's matrix where it is sampled and so lies outside of the Store. */
  readonly centres: ParameterDeclaration | undefined;
  /**
   * The image path in the context's graph, nodes named below `image`. Throws SHAPE or DTYPE for values of
   * other ranks or number types, a TypeError for bytes without boxes.
   */
  buildImage(context: BuildContext, input: ImageInput): PathOutput;
  /**
   * The text path; `text` is i32 [N, L] word ids, or f32 [N, D] for the vector path. Throws SHAPE or DTYPE
   * for a value of another rank or number type.
   */
  buildText(context: BuildContext, text: Value): PathOutput;
  /**
   * The classifier that both paths share, at dropped-out projections [N, E], those of one path below those of
   * the other: one product for both. Throws CONFIG for a model without one, SHAPE or DTYPE for projections
   * that do not fit each other.
   */
  buildClassifier(context: BuildContext, dropped: readonly Value[]): Classifier;
  /**
   * Scores [N, M] of embeddings [N, E] against [M, E] by the similarity network. Throws CONFIG for a model
   * without one, SHAPE or DTYPE for embeddings that do not fit each other.
   */
  buildScores(context: BuildContext, a: Value, b: Value): Value;
}

/**
 * Declares a dual-path model: an image path and a text path into one shared space (papers A and B). Throws a
 * ZodError for a bad configuration, SHAPE for sizes that clash.
 */
export function dualPath(config: unknown, sizes: ModelSizes): DualPath {
  const model = modelSchema.parse(config);
  const face = {
    config: model,
    sizes,
    buildImage: (context: BuildContext, input: ImageInput) => imagePath(context, input, model),
    buildText: (context: BuildContext, text: Value) => textPath(context, text, model, sizes),
    buildClassifier: (context: BuildContext, dropped: readonly Value[]) => {
      if (model.classifier === "none") throw withoutClassifier();
      const rows = dropped.length > 1 ? concat(dropped, { axis: 0 }, "classifier.rows") : dropped[0]!;
      return classifier(context, rows, CLASSIFIER, model.classifier, sizes.classes);
    },
    buildScores: (context: BuildContext, a: Value, b: Value) => {
      if (model.similarity === undefined) throw withoutSimilarity();
      return pairScores(context, a, b, "similarity", model.similarity);
    },
  };
  return { ...face, parameters: declaredParameters(face), centres: sampledCentres(model, sizes) };
}

function sampledCentres({ classifier: config, embedding }: ModelConfig, { classes }: ModelSizes) {
  if (config === "none" || config.sampled === undefined) return undefined;
  return centresDeclaration(CLASSIFIER, config, [classes, embedding]);
}

const CLASSIFIER = "classifier";

function imagePath(context: BuildContext, input: ImageInput, model: ModelConfig): PathOutput {
  const hidden = model.head.imageHidden ?? imageFeatures(model);
  return pathOutput(context, imagePlaces(context, input, model), "image", hidden, model);
}

/** The image features [N, F] of every place that is looked at. */
function imagePlaces(context: BuildContext, input: ImageInput, { image }: ModelConfig): readonly Value[] {
  if (image.kind === "features") return [input.image];
  const x = pixels(input, image);
  if (input.size) return imageTrunkPlaces(context, x, "image.trunk", image);
  return [imageTrunk(context, x, "image.trunk", image)];
}

function textTrunk(
  context: BuildContext,
  text: Value,
  config: ModelConfig["text"],
  vocabulary: number,
): Value {
  if (config.kind === "vector") return text;
  if (config.kind === "mean-words") return meanWords(context, text, "text", config, vocabulary);
  return textCnn(context, text, "text", config, vocabulary);
}

/** Crops, resizes, flips and normalises bytes inside the graph. */
function pixels({ image, box, size: wanted }: ImageInput, config: ImageTrunkConfig): Value {
  if (!box) throw new TypeError("the image path needs crop boxes beside its bytes");
  const [red, green, blue] = config.pixelDeviation;
  const scale = [1 / red, 1 / green, 1 / blue] as const;
  const size = wanted ?? ([config.inputSize, config.inputSize] as const);
  return cropResize(image, box, { size, mean: config.pixelMean, scale }, "image.pixels");
}

function textPath(context: BuildContext, text: Value, model: ModelConfig, sizes: ModelSizes): PathOutput {
  const feature = textTrunk(context, text, model.text, sizes.vocabulary);
  return pathOutput(context, [feature], "text", model.head.textHidden, model);
}

function pathOutput(
  context: BuildContext,
  features: readonly Value[],
  name: "image" | "text",
  hidden: number,
  model: ModelConfig,
): PathOutput {
  const side = context.mode === "train" ? "post-relu" : model.evaluationFeature;
  const options = { config: model.head, hidden, outputs: model.embedding, side } as const;
  const projections = features.map((feature) => head(context, feature, `${name}.head`, options));
  const projection = meanOf(projections, `${name}.places`);
  const embedding = l2Normalize(projection, { epsilon: NORM_EPSILON }, `${name}.embedding`).y;
  return {
    feature: meanOf(features, `${name}.features`),
    projection,
    embedding,
    dropped: () => dropoutLayer(context, projection, `${name}.dropout`, model.head.dropout),
  };
}

/** Mean of values of one shape; a single one is itself. */
function meanOf(values: readonly Value[], name: string): Value {
  const sum = values.reduce((total, value) => add(total, value));
  return values.length === 1 ? sum : affine(sum, { multiply: 1 / values.length }, name);
}

const withoutClassifier = (): TrainingError =>
  new TrainingError(
    "CONFIG",
    "instance loss: the model has no classifier; take model.classifier: none out, or use another loss",
  );

const withoutSimilarity = (): TrainingError =>
  new TrainingError(
    "CONFIG",
    "logistic loss: the model has no similarity network; declare model.similarity, or use another loss",
  );

/** Length of the image path's pooled feature. */
export function imageFeatures({ image }: ModelConfig): number {
  return image.kind === "features" ? image.dimension : imageTrunkFeatures(image);
}

/** Length of the text path's pooled feature. */
export function textFeatures({ text }: ModelConfig): number {
  if (text.kind === "vector") return text.dimension;
  return text.kind === "mean-words" ? text.wordDimension : textCnnFeatures(text);
}

/** Builds everything once on a graph that is thrown away, and keeps what was declared. */
function declaredParameters(
  model: Omit<DualPath, "parameters" | "centres">,
): readonly ParameterDeclaration[] {
  const graph = new Graph("declaration");
  const context = createBuildContext(graph, { mode: "train" });
  const image = model.buildImage(context, declareImage(graph, model.config, 2));
  const text = model.buildText(context, declareText(graph, model.config, 2));
  if (model.config.classifier !== "none") model.buildClassifier(context, [image.dropped(), text.dropped()]);
  if (model.config.similarity) model.buildScores(context, image.embedding, text.embedding);
  return [...context.declarations.values()];
}

/**
 * The image feeds of a graph: `image` and, for bytes, `box` f32 [batch, 5]; `source` is the stored pictures'
 * (height, width) in pixels. Throws NAME where the graph has such a feed already, SHAPE for sizes that are no
 * positive integers.
 */
export function declareImage(
  graph: Graph,
  { image }: ModelConfig,
  batch: number,
  source?: readonly [number, number],
): ImageInput {
  if (image.kind === "features") return { image: graph.input("image", [batch, image.dimension]) };
  const [height, width] = source ?? [image.inputSize, image.inputSize];
  return {
    image: graph.input("image", [batch, height, width, 3], "u8"),
    box: graph.input("box", [batch, 5]),
  };
}

/**
 * The text feed of a graph: word ids i32 [batch, length], or vectors f32 [batch, dimension]. Throws NAME
 * where the name is taken, SHAPE for a batch that is no positive integer.
 */
export function declareText(graph: Graph, { text }: ModelConfig, batch: number, name = "text"): Value {
  if (text.kind === "vector") return graph.input(name, [batch, text.dimension]);
  return graph.input(name, [batch, text.length], "i32");
}
