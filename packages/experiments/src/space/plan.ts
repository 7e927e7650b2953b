import type { z } from "zod";
import type { ConfigDocument, Position } from "../config/document.js";
import { trialIdentity } from "../config/identity.js";
import { invalid } from "../config/load.js";
import { parsePath, type Path } from "../config/path.js";
import { formatProblemAt, problemsOf, shown, type Problem } from "../config/problems.js";
import type { RunnerConfig } from "../config/schema.js";
import { applyPoint, CoordinateError, variantsOf } from "./resolve.js";
import { samplerOf, type Point } from "./samplers.js";
import type { SweepConfig } from "./schema.js";

/** One point of a sweep, validated: what will run, under which identity. */
export interface TrialPlan<T = RunnerConfig> {
  readonly index: number;
  /** Content hash of the resolved config: equal configs are one trial. */
  readonly id: string;
  readonly point: Point;
  readonly config: T;
}

/** The only trial of an experiment that sweeps nothing. */
export function planSingle<T extends RunnerConfig>(experiment: T): TrialPlan<T>[] {
  const { sweep: _, ...config } = experiment;
  return [{ index: 0, id: trialIdentity(config), point: {}, config: config as T }];
}

/**
 * Every trial of a sweep, each validated as a whole experiment, duplicates removed.
 * Throws CONFIG_INVALID that lists, for every bad point, its values and the lines they come from.
 */
export function planSweep<T extends RunnerConfig>(
  document: ConfigDocument,
  schema: z.ZodType<T>,
  sweep: SweepConfig,
  seed: number,
): TrialPlan<T>[] {
  const { sweep: _, ...base } = document.value as Record<string, unknown>;
  const problems: string[] = [];
  const plans = new Map<string, TrialPlan<T>>();
  for (const point of samplerOf(sweep).points(seed)) {
    const outcome = resolvePoint(base, schema, sweep, point, document);
    if ("problems" in outcome) problems.push(...outcome.problems);
    else {
      const id = trialIdentity(outcome.config);
      if (!plans.has(id)) plans.set(id, { index: plans.size, id, point, config: outcome.config });
    }
  }
  if (problems.length > 0) throw invalid(document.file, [...new Set(problems)], "sweep");
  return [...plans.values()];
}

type Outcome<T> = { readonly config: T } | { readonly problems: readonly string[] };

function resolvePoint<T>(
  base: unknown,
  schema: z.ZodType<T>,
  sweep: SweepConfig,
  point: Point,
  document: ConfigDocument,
): Outcome<T> {
  const inPoint = (problem: Problem, place: Position): string =>
    `${formatProblemAt(problem, document.file, place)} (at ${describePoint(point)})`;
  try {
    const raw = applyPoint(base, sweep.space, point);
    const parsed = schema.safeParse(raw);
    if (parsed.success) return { config: parsed.data };
    const problems = problemsOf(parsed.error, schema, raw);
    return { problems: problems.map((problem) => inPoint(problem, origin(problem, sweep, point, document))) };
  } catch (error) {
    if (!(error instanceof CoordinateError)) throw error;
    const path = ["sweep", "space", error.coordinate];
    return { problems: [inPoint({ path, atKey: true, message: error.message }, document.locateKey(path))] };
  }
}

// The line a value came from: the coordinate that set it, the variant that holds it, or the base config.
function origin(
  { path, atKey }: Problem,
  sweep: SweepConfig,
  point: Point,
  document: ConfigDocument,
): Position {
  const coordinates = Object.keys(point).filter((key) => sets(parsePath(key), path));
  const [setter] = coordinates;
  if (setter !== undefined) return document.locateKey(["sweep", "space", setter]);
  for (const [key, name] of Object.entries(point)) {
    const variant = variantsOf(sweep.space[key])?.[String(name)];
    const [first] = path;
    if (typeof variant === "object" && variant !== null && first !== undefined && first in variant) {
      const inVariant = ["sweep", "space", key, "variants", String(name), ...path];
      return atKey ? document.locateKey(inVariant) : document.locate(inVariant);
    }
  }
  return atKey ? document.locateKey(path) : document.locate(path);
}

const sets = (pattern: readonly string[], path: Path): boolean =>
  path.length >= pattern.length && pattern.every((key, depth) => key === "*" || key === String(path[depth]));

/** `two stages, learningRate 0.1`: a point in words, with the last part of every path; words stand for themselves. */
export function describePoint(point: Point): string {
  const parts = Object.entries(point).map(([key, value]) =>
    typeof value === "string" && Number.isNaN(Number(value))
      ? value
      : `${shortKey(key, point)} ${text(value)}`,
  );
  return parts.join(", ");
}

/** The shortest tail of a coordinate's path that no other coordinate shares. */
export function shortKey(key: string, point: Point): string {
  const parts = parsePath(key);
  for (let length = 1; length < parts.length; length++) {
    const tail = parts.slice(-length).join(".");
    const same = Object.keys(point).filter((other) => `.${other}`.endsWith(`.${tail}`));
    if (same.length === 1) return tail;
  }
  return key;
}

const text = (value: unknown): string => (typeof value === "string" ? value : shown(value));
