import type { Graph, Value } from "../graph/graph.js";
import type { Initializer } from "./initializers.js";

/** A value of the Store that a model owns: a learnt weight, or a moving average kept by batch norm. */
export interface ParameterDeclaration {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly kind: "weight" | "statistic";
}

/** How a model is being built; see {@link createBuildContext}. */
export interface BuildContext {
  readonly graph: Graph;
  readonly mode: "train" | "evaluate";
  /** Everything asked for so far, by name. */
  readonly declarations: ReadonlyMap<string, ParameterDeclaration>;
  /** Moving-average nodes, to be run with every training step. */
  readonly updates: readonly Value[];
  /** True when the stage learns this parameter; always false in evaluation. */
  isTrainable(name: string): boolean;
  /** Which statistics a batch norm uses: its batch's (and learns them), frozen running ones, or only its batch's. */
  statisticsOf(gammaName: string): "learn" | "running" | "batch";
  /**
   * The graph value of a parameter; declares it at its first use. Throws SHAPE or NAME as
   * {@link Graph.parameter}.
   */
  parameter(declaration: ParameterDeclaration): Value;
  /** Adds a moving-average node to `updates`. */
  addUpdate(update: Value): void;
}

/** How a context is to build: for training or evaluation, and what it learns. */
export interface BuildOptions {
  readonly mode: "train" | "evaluate";
  /** Which parameters the stage learns; default: all. */
  readonly isTrainable?: (name: string) => boolean;
  /** What batch norms of frozen paths use in training; the paper's code used "batch". */
  readonly frozenStatistics?: "running" | "batch";
  /** Maps a parameter's name to its key in the Store (averaged weights are kept under other keys). */
  readonly storeKey?: (name: string) => string;
}

/** A context that collects the parameters and updates of what is built with it. */
export function createBuildContext(graph: Graph, options: BuildOptions): BuildContext {
  const declarations = new Map<string, ParameterDeclaration>();
  const updates: Value[] = [];
  const { mode, frozenStatistics = "running", storeKey = (name: string) => name } = options;
  const isTrainable = (name: string): boolean => mode === "train" && (options.isTrainable?.(name) ?? true);
  return {
    graph,
    mode,
    declarations,
    updates,
    isTrainable,
    statisticsOf: (gammaName) => {
      if (mode === "evaluate") return "running";
      return isTrainable(gammaName) ? "learn" : frozenStatistics;
    },
    parameter: (declaration) => {
      if (!declarations.has(declaration.name)) declarations.set(declaration.name, declaration);
      return graph.parameter(storeKey(declaration.name), declaration.shape);
    },
    addUpdate: (update) => updates.push(update),
  };
}

/** Declares a learnt weight and returns its value. */
export function weight(
  context: BuildContext,
  name: string,
  shape: readonly number[],
  initializer: Initializer,
): Value {
  return context.parameter({ name, shape, initializer, kind: "weight" });
}

/** Declares a moving average and returns its value. */
export function statistic(context: BuildContext, name: string, channels: number, value: number): Value {
  const initializer = { kind: "constant", value } as const;
  return context.parameter({ name, shape: [channels], initializer, kind: "statistic" });
}
