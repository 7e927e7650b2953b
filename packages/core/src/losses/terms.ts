import type { Value } from "../graph/graph.js";
import type { PathOutput } from "../models/dual-path.js";
import { add, mean, scale, slice } from "../ops/index.js";
import { contrastiveLoss, positiveShares, sameClassMask } from "./contrastive.js";
import { classifierLosses, type Classifier } from "./instance.js";
import { inBatchRankingLoss, pairedNegativeMask, pairedRankingLoss } from "./ranking.js";
import { logisticLoss, pairWeights } from "./logistic.js";
import { pairsOf } from "./pairs.js";
import type { LossesConfig, RankingLossConfig } from "./schema.js";
import { pairSigns, sigmoidLoss } from "./sigmoid.js";
import { structureTerms } from "./structure.js";

/** One loss of a stage. Its weight is a scalar of the step, `weight.<name>`. */
export interface LossTerm {
  readonly name: string;
  readonly value: Value;
  readonly weight: number;
}

/** Feeds that losses derive from a batch's labels. */
export type LabelFeeds = Record<string, Float32Array | Int32Array>;

/** The losses of a stage in its graph. */
export interface LossTerms {
  readonly terms: readonly LossTerm[];
  /** Weighted sum, rank 0. */
  readonly total: Value;
  /** The label-derived feeds of one batch. */
  feedsOf(imageLabel: Int32Array, textLabel: Int32Array): LabelFeeds;
}

type FeedRule = (imageLabel: Int32Array, textLabel: Int32Array) => LabelFeeds;

/** What losses add to a model's paths when they are asked for. */
export interface Builders {
  readonly classifier: Classify;
  /** Scores of the similarity network. */
  readonly scores?: () => Value;
}

interface Paths {
  readonly image: PathOutput;
  readonly text: PathOutput;
}

/** Builds the classifier that the paths share at their dropped-out projections. */
export type Classify = (dropped: readonly Value[]) => Classifier;

/** The class labels of a path's rows, a feed that is declared at its first use. */
type LabelOf = (path: keyof Paths) => Value;

/**
 * Appends the configured losses of a batch to the graph; a loss with weight 0 is not built. Each of `draws` brought an
 * equal share of the rows.
 */
export function lossTerms(paths: Paths, config: LossesConfig, build: Builders, draws: number): LossTerms {
  const { graph } = paths.image.embedding;
  const label: LabelOf = (path) =>
    graph.find(`${path}Label`) ?? graph.input(`${path}Label`, [paths[path].embedding.shape[0]!], "i32");
  const parts = [
    instanceTerms(paths, config, build.classifier),
    rankingTerm(paths, config, label),
    contrastiveTerm(paths, config, draws),
    structurePart(paths, config, draws, label),
    sigmoidTerm(paths, config),
    logisticTerm(config, build.scores),
  ];
  const terms = parts.flatMap((part) => part.terms);
  const weighted = terms.map(({ name, value }) =>
    scale(value, graph.scalar(weightScalar(name)), `weighted.${name}`),
  );
  const needsLabels = graph.find("imageLabel") !== undefined || graph.find("textLabel") !== undefined;
  return {
    terms,
    total: weighted.reduce((total, term) => add(total, term)),
    feedsOf: (imageLabel, textLabel) => {
      const own = needsLabels ? presentLabels(graph, { imageLabel, textLabel }) : {};
      return Object.assign(own, ...parts.map((part) => part.feeds(imageLabel, textLabel)));
    },
  };
}

/** Name of the scalar that weighs a loss. */
export const weightScalar = (name: string): string => `weight.${name}`;

interface Part {
  readonly terms: readonly LossTerm[];
  readonly feeds: FeedRule;
}

const nothing: Part = { terms: [], feeds: () => ({}) };

function presentLabels(graph: Value["graph"], labels: LabelFeeds): LabelFeeds {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => graph.find(name) !== undefined));
}

/** Both paths' rows go through the shared classifier as one batch; each path's loss is the mean of its own rows. */
function instanceTerms(paths: Paths, { instance }: LossesConfig, classify: Classify): Part {
  const weights = (["image", "text"] as const).map(
    (path) => [path, instance?.[path] ?? instance?.weight ?? 0] as const,
  );
  const weighed = weights.filter(([, weight]) => weight > 0);
  if (!instance || weighed.length === 0) return nothing;
  const classifier = classify(weighed.map(([path]) => paths[path].dropped()));
  const labels = classifier.x.graph.input("instanceLabels", [classifier.x.shape[0]!], "i32");
  const losses = classifierLosses(classifier, labels, instance.smoothing, "instance");
  let begin = 0;
  const terms = weighed.map(([path, weight]) => {
    const end = begin + paths[path].embedding.shape[0]!;
    const own = weighed.length > 1 ? slice(losses, { axis: 0, begin, end }, `instance.${path}.rows`) : losses;
    begin = end;
    return { name: `instance.${path}`, value: mean(own, { axes: [0] }, `instance.${path}`), weight };
  });
  const feeds: FeedRule = (image, text) => ({
    instanceLabels: Int32Array.from(weighed.flatMap(([path]) => [...{ image, text }[path]])),
  });
  return { terms, feeds };
}

function rankingTerm(paths: Paths, { ranking }: LossesConfig, label: LabelOf): Part {
  if (!ranking || ranking.weight === 0) return nothing;
  const [image, text] = [paths.image.embedding, paths.text.embedding];
  const term = (value: Value): readonly LossTerm[] => [{ name: "ranking", value, weight: ranking.weight }];
  if (ranking.mining === "paper-a") {
    const mask = image.graph.input("rankingMask", [image.shape[0]! / 2, 2]);
    const value = pairedRankingLoss(image, text, mask, ranking.margin);
    return {
      terms: term(value),
      feeds: (images, texts) => ({ rankingMask: pairedNegativeMask(images, texts) }),
    };
  }
  const pairs = { image, text, imageLabel: label("image"), textLabel: label("text") };
  const mining = MINING[ranking.mining];
  return { terms: term(inBatchRankingLoss(pairs, ranking.margin, mining)), feeds: () => ({}) };
}

const MINING: Readonly<Record<Exclude<RankingLossConfig["mining"], "paper-a">, "all" | "hardest">> = {
  "in-batch": "all",
  hardest: "hardest",
};

function contrastiveTerm(paths: Paths, { contrastive }: LossesConfig, draws: number): Part {
  if (!contrastive || contrastive.weight === 0) return nothing;
  const pairs = pairsOf({ image: paths.image.embedding, text: paths.text.embedding }, draws);
  const { image, text } = pairs;
  const { graph } = image;
  const count = image.shape[0]!;
  const matrix = (name: string): Value => graph.input(name, [count, count]);
  const rows = graph.input("contrastiveRows", [count], "i32");
  const own = Int32Array.from({ length: count }, (_, row) => row);
  const classWide = contrastive.positives === "class";
  const extra = classWide
    ? { shares: [matrix("positivesToText"), matrix("positivesToImage")] as const }
    : { mask: matrix("contrastiveMask") };
  const value = contrastiveLoss({ image, text, rows, ...extra }, contrastive.scale);
  const labelled: FeedRule = classWide
    ? (images, texts) => ({
        positivesToText: positiveShares(images, texts),
        positivesToImage: positiveShares(texts, images),
      })
    : (images, texts) => ({ contrastiveMask: sameClassMask(images, texts) });
  return {
    terms: [{ name: "contrastive", value, weight: contrastive.weight }],
    feeds: (images, texts) => ({ ...labelled(...pairs.labels(images, texts)), contrastiveRows: own }),
  };
}

function structurePart(
  { image, text }: Paths,
  { structure }: LossesConfig,
  draws: number,
  label: LabelOf,
): Part {
  if (!structure) return nothing;
  const pairs = {
    image: image.embedding,
    text: text.embedding,
    imageLabel: label("image"),
    textLabel: label("text"),
  };
  const terms = structureTerms(pairs, draws, structure);
  return {
    terms: terms.map(({ family, value, weight }) => ({ name: `structure.${family}`, value, weight })),
    feeds: () => ({}),
  };
}

function sigmoidTerm({ image, text }: Paths, { sigmoid }: LossesConfig): Part {
  if (!sigmoid || sigmoid.weight === 0) return nothing;
  const [images, texts] = [image.embedding.shape[0]!, text.embedding.shape[0]!];
  const signs = image.embedding.graph.input("sigmoidSigns", [images, texts]);
  const inputs = { image: image.embedding, text: text.embedding, signs };
  const value = sigmoidLoss(inputs, sigmoid.scale, sigmoid.bias);
  return {
    terms: [{ name: "sigmoid", value, weight: sigmoid.weight }],
    feeds: (images, texts) => ({ sigmoidSigns: pairSigns(images, texts) }),
  };
}

function logisticTerm({ logistic }: LossesConfig, build: (() => Value) | undefined): Part {
  if (!logistic || logistic.weight === 0 || build === undefined) return nothing;
  const scores = build();
  const matrix = (name: string): Value => scores.graph.input(name, scores.shape);
  const [signs, weights] = [matrix("logisticSigns"), matrix("logisticWeights")];
  return {
    terms: [{ name: "logistic", value: logisticLoss({ scores, signs, weights }), weight: logistic.weight }],
    feeds: (images, texts) => ({
      logisticSigns: pairSigns(images, texts),
      logisticWeights: pairWeights(images, texts, logistic.negatives),
    }),
  };
}
