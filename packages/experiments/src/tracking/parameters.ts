import { valueAt } from "../config/path.js";

const LEARNING_RATE = "learningRate";
const LONGEST_VALUE = 6000;

/**
 * A resolved config as flat parameters: `curriculum.stage-I.learningRate`. Elements of a list go by their `name`
 * where they have one; lists of scalars are one value. Learning rates come with their log10, since the tracking UI
 * has no logarithmic axes.
 */
export function flattenParameters(config: unknown): Record<string, string> {
  const flat = entries(config, []).filter(([key]) => !NO_PARAMETERS.test(key));
  return Object.fromEntries(flat.map(([key, value]) => [key, value.slice(0, LONGEST_VALUE)]));
}

// What does not bear on the training, and names that the keys hold already.
const NO_PARAMETERS = /^(name|(tracking|requires|expected|report\.published)\..*|curriculum\.[^.]*\.name)$/;

type Entry = readonly [string, string];

function entries(value: unknown, path: readonly string[]): Entry[] {
  if (value === undefined) return [];
  if (isList(value)) {
    if (!value.some(isMapping)) return [[path.join("."), JSON.stringify(value)]];
    return value.flatMap((element, index) => entries(element, [...path, nameOf(element) ?? String(index)]));
  }
  if (isMapping(value))
    return Object.entries(value).flatMap(([key, child]) => entries(child, [...path, key]));
  return [[path.join("."), String(value)], ...logarithm(path.join("."), value)];
}

/** The log10 of a learning rate as a parameter of its own; nothing for anything else. */
export function logarithm(key: string, value: unknown): Entry[] {
  const parts = key.split(".");
  if (parts.at(-1) !== LEARNING_RATE || typeof value !== "number" || value <= 0) return [];
  const name = [...parts.slice(0, -1), `log10_${LEARNING_RATE}`].join(".");
  return [[name, String(Number(Math.log10(value).toFixed(6)))]];
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function nameOf(element: unknown): string | undefined {
  const name = valueAt(element, ["name"]);
  return typeof name === "string" ? name : undefined;
}
