import { differentiate } from "../graph/differentiate.js";
import { Graph, type Value } from "../graph/graph.js";
import { createBuildContext, type BuildContext, type ParameterDeclaration } from "../layers/context.js";
import { lossTerms, type LossTerms } from "../losses/terms.js";
import { declareImage, declareText, type DualPath } from "../models/dual-path.js";
import { matchesAny } from "../optim/glob.js";
import { SAMPLED_CENTRES } from "../models/classifier.js";
import { ruleFor, type ParameterRule } from "../optim/groups.js";
import { averageKey, averageNodes, optimizerNodes, type OptimizerNodes } from "../optim/update.js";
import { TrainingError } from "./errors.js";
import type { Stage } from "./stage.js";

/** A stage as one graph: forward, losses, gradients of what learns, updates. */
export interface StageGraph {
  readonly graph: Graph;
  readonly losses: LossTerms;
  readonly optimizer: OptimizerNodes;
  /** Model parameters and statistics that the stage reads. */
  readonly parameters: readonly ParameterDeclaration[];
  /** Names of the parameters that learn, a sampled classifier's centres among them. */
  readonly learnt: readonly string[];
  /** Averages kept in the Store: key and the value they start from. */
  readonly averages: ReadonlyMap<string, string>;
  /** How a sampled classifier's centres learn, where they do: by the tap `centreGradient`, [sampled, E]. */
  readonly centres: ParameterRule | undefined;
  /** Effect nodes: parameters, statistics and averages after the step. */
  readonly updates: readonly Value[];
  /** Values to hand back after every step: `loss`, `loss.<term>` and, with clipping, `squaredNorm`. */
  readonly taps: Readonly<Record<string, Value>>;
}

/** Pictures' (height, width) as stored, or undefined for the model's own input size. */
export type SourceSize = readonly [number, number] | undefined;

/**
 * Builds a stage's training graph. Throws CONFIG when nothing learns or a loss needs what the model has not,
 * GRADIENT when a parameter that is to learn has no part in the losses, SHAPE for sizes that clash.
 */
export function stageGraph(model: DualPath, stage: Stage, source: SourceSize): StageGraph {
  const graph = new Graph(`train.${stage.name}`);
  const context = createBuildContext(graph, {
    mode: "train",
    isTrainable: (name) => learns(stage, name),
    frozenStatistics: stage.frozenStatistics,
  });
  const { images, texts } = batchRows(stage);
  const image = model.buildImage(context, declareImage(graph, model.config, images, source));
  const text = model.buildText(context, declareText(graph, model.config, texts));
  const build = {
    classifier: (dropped: readonly Value[]) => model.buildClassifier(context, dropped),
    scores: () => model.buildScores(context, image.embedding, text.embedding),
  };
  const losses = lossTerms({ image, text }, stage.losses, build, stage.batchSize);
  const centres = learntCentres(model, stage, graph);
  const { optimizer, centreGradient } = appendOptimizer(context, losses.total, stage, centres?.value);
  const updated = updatedValues(context, optimizer);
  const averages = stage.average ? averageNodes(context, updated, stage.average.decay) : [];
  const terms = losses.terms.map(({ name, value }) => [`loss.${name}`, value] as const);
  const { squaredNorm } = optimizer;
  const learntElsewhere = centres ? [model.centres!.name] : [];
  return {
    graph,
    losses,
    optimizer,
    parameters: [...context.declarations.values()],
    learnt: [...optimizer.updated.keys(), ...learntElsewhere],
    centres: centres?.rule,
    averages: new Map(stage.average ? [...updated.keys()].map((name) => [averageKey(name), name]) : []),
    updates: [...updated.values(), ...averages],
    taps: {
      loss: losses.total,
      ...Object.fromEntries(terms),
      ...(squaredNorm && { squaredNorm }),
      ...(centreGradient && { centreGradient }),
    },
  };
}

/** The feed of sampled centres and their rule, in a stage whose losses read them and that learns them. */
function learntCentres(
  { centres }: DualPath,
  stage: Stage,
  graph: Graph,
): { readonly value: Value; readonly rule: ParameterRule } | undefined {
  const value = graph.find(SAMPLED_CENTRES);
  if (value === undefined || centres === undefined || !learns(stage, centres.name)) return undefined;
  return { value, rule: ruleFor(centres, stage.groups, stage.optimizer) };
}

/** Rows of one batch of a stage. */
export function batchRows({ batchSize, neighbours }: Pick<Stage, "batchSize" | "neighbours">): {
  readonly images: number;
  readonly texts: number;
} {
  return { images: batchSize * neighbours.images, texts: batchSize * neighbours.texts };
}

function learns(stage: Stage, name: string): boolean {
  const chosen = matchesAny(stage.trainable, name) && !matchesAny(stage.frozen, name);
  return chosen && ruleFor({ name, shape: [] }, stage.groups, stage.optimizer).multiplier > 0;
}

interface AppendedOptimizer {
  readonly optimizer: OptimizerNodes;
  readonly centreGradient: Value | undefined;
}

function appendOptimizer(
  context: BuildContext,
  loss: Value,
  stage: Stage,
  centres: Value | undefined,
): AppendedOptimizer {
  const declarations = [...context.declarations.values()].filter(
    ({ name, kind }) => kind === "weight" && context.isTrainable(name),
  );
  if (declarations.length === 0) {
    const message = `stage '${stage.name}': no parameter learns; trainable: ${stage.trainable.join(", ")}`;
    throw new TrainingError("CONFIG", message, { stage: stage.name });
  }
  const values = declarations.map((declaration) => context.parameter(declaration));
  const gradients = differentiate(loss, centres === undefined ? values : [...values, centres]);
  const centreGradient = gradients[values.length];
  const learnt = declarations.map((declaration, index) => ({
    declaration,
    value: values[index]!,
    gradient: gradients[index]!,
  }));
  const { optimizer, groups, clip } = stage;
  const options = {
    optimizer,
    groups,
    ...(clip && { clipNorm: clip.norm }),
    ...(centreGradient && { otherGradients: [centreGradient] }),
  };
  return { optimizer: optimizerNodes(context, learnt, options), centreGradient };
}

/** Parameters and running statistics after the step, by name. */
function updatedValues(context: BuildContext, optimizer: OptimizerNodes): ReadonlyMap<string, Value> {
  const statistics = context.updates.map((update): [string, Value] => {
    const { origin } = update;
    return [origin.kind === "node" && origin.updated ? origin.updated.name : update.name, update];
  });
  return new Map([...optimizer.updated, ...statistics]);
}
