import type { Value } from "../graph/graph.js";
import type { PathOutput } from "../models/dual-path.js";
import { add, scale } from "../ops/index.js";
import { contrastiveLoss, positiveShares, sameClassMask } from "./contrastive.js";
import { classifierLoss } from "./instance.js";
import { inBatchRankingLoss, pairedNegativeMask, pairedRankingLoss } from "./ranking.js";
import type { LossesConfig, RankingLossConfig } from "./schema.js";
import { logisticLoss, pairWeights } from "./logistic.js";
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

interface Paths {
  readonly image: PathOutput;
  readonly text: PathOutput;
}

/** The class labels of a path's rows, a feed that is declared at its first use. */
type LabelOf = (path: keyof Paths) => Value;

/**
 * Appends the configured losses of a batch to the graph; a loss with weight 0 is not built. `classes` is the number
 * of drawn classes that share the rows equally; default: one a row. `scores` builds those of the similarity network.
 */
export function lossTerms(
  paths: Paths,
  config: LossesConfig,
  classes?: number,
  scores?: () => Value,
): LossTerms {
  const { graph } = paths.image.embedding;
  const label: LabelOf = (path) =>
    graph.find(`${path}Label`) ?? graph.input(`${path}Label`, [paths[path].embedding.shape[0]!], "i32");
  const parts = [
    instanceTerms(paths, config, label),
    rankingTerm(paths, config, label),
    contrastiveTerm(paths, config),
    structurePart(paths, config, classes ?? paths.image.embedding.shape[0]!, label),
    sigmoidTerm(paths, config),
    logisticTerm(config, scores),
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

function instanceTerms(paths: Paths, { instance }: LossesConfig, label: LabelOf): Part {
  if (!instance) return nothing;
  const terms = (["image", "text"] as const).flatMap((path) => {
    const weight = instance[path] ?? instance.weight;
    if (weight === 0) return [];
    const name = `instance.${path}`;
    const value = classifierLoss(paths[path].classifier(), label(path), instance.smoothing, name);
    return [{ name, value, weight }];
  });
  return { terms, feeds: () => ({}) };
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

function contrastiveTerm({ image, text }: Paths, { contrastive }: LossesConfig): Part {
  if (!contrastive || contrastive.weight === 0) return nothing;
  const { graph, shape } = image.embedding;
  const count = shape[0]!;
  const matrix = (name: string): Value => graph.input(name, [count, count]);
  const rows = graph.input("contrastiveRows", [count], "i32");
  const own = Int32Array.from({ length: count }, (_, row) => row);
  const classWide = contrastive.positives === "class";
  const extra = classWide
    ? { shares: [matrix("positivesToText"), matrix("positivesToImage")] as const }
    : { mask: matrix("contrastiveMask") };
  const value = contrastiveLoss(
    { image: image.embedding, text: text.embedding, rows, ...extra },
    contrastive.scale,
  );
  const labelled: FeedRule = classWide
    ? (images, texts) => ({
        positivesToText: positiveShares(images, texts),
        positivesToImage: positiveShares(texts, images),
      })
    : (images, texts) => ({ contrastiveMask: sameClassMask(images, texts) });
  return {
    terms: [{ name: "contrastive", value, weight: contrastive.weight }],
    feeds: (images, texts) => ({ ...labelled(images, texts), contrastiveRows: own }),
  };
}

function structurePart(
  { image, text }: Paths,
  { structure }: LossesConfig,
  classes: number,
  label: LabelOf,
): Part {
  if (!structure) return nothing;
  const pairs = {
    image: image.embedding,
    text: text.embedding,
    imageLabel: label("image"),
    textLabel: label("text"),
  };
  const terms = structureTerms(pairs, classes, structure);
  return {
    terms: terms.map(({ family, value, weight }) => ({ name: `structure.${family}`, value, weight })),
    feeds: () => ({}),
  };
}

function sigmoidTerm({ image, text }: Paths, { sigmoid }: LossesConfig): Part {
  if (!sigmoid || sigmoid.weight === 0) return nothing;
  const { graph, shape } = image.embedding;
  const signs = graph.input("sigmoidSigns", [shape[0]!, shape[0]!]);
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
