import type { z } from "zod";
import type { ConfigDocument, Position } from "./document.js";
import { knownKeys } from "./known-keys.js";
import { nearest } from "./nearest.js";
import { formatPath, valueAt, type Path } from "./path.js";

/** One thing that is wrong in a config. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** The problem lies in a key rather than in a value. */
  readonly atKey: boolean;
}

type Issue = z.core.$ZodIssue;

/** Everything that zod found wrong, in words: path, what was expected, what was found. */
export function problemsOf(error: z.ZodError, schema: z.ZodType, data: unknown): Problem[] {
  return error.issues.flatMap((issue) => describe(issue, schema, data));
}

function describe(issue: Issue, schema: z.ZodType, data: unknown): Problem[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], key, knownKeys(schema, data, path)));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const closest = closestOption(issue.errors);
    if (closest !== undefined) {
      return closest.flatMap((inner) =>
        describe({ ...inner, path: [...issue.path, ...inner.path] }, schema, data),
      );
    }
  }
  const expected = expectation(issue);
  return [{ path, atKey: false, message: `expected ${expected}, found ${shown(valueAt(data, path))}` }];
}

function unknownKey(path: Path, key: string, known: readonly string[]): Problem {
  const guess = nearest(key, known);
  const hint = guess === undefined ? "" : `; did you mean '${guess}'?`;
  const choices = known.length === 0 ? "" : ` (known here: ${known.join(", ")})`;
  return { path, atKey: true, message: `unknown key '${key}'${hint}${choices}` };
}

// The one option of a union that the data is nearest to: a failure deeper than the union itself points at it.
function closestOption(errors: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const deeper = errors.filter((issues) =>
    issues.some(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
  return deeper.length === 1 ? deeper[0] : undefined;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `a value of type ${issue.expected}`;
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      return unionExpectation(issue);
    default:
      return trimmed(issue.message);
  }
}

function unionExpectation(issue: Extract<Issue, { code: "invalid_union" }>): string {
  const options =
    "options" in issue && Array.isArray(issue.options) ? (issue.options as unknown[]) : undefined;
  if (options !== undefined) return oneOf(options);
  return [...new Set(issue.errors.flatMap((issues) => issues.slice(0, 1).map(expectation)))].join(" or ");
}

const oneOf = (values: readonly unknown[]): string =>
  `${values.length === 1 ? "" : "one of "}${values.map((value) => shown(value)).join(", ")}`;

// "Too small: expected number to be >0" -> "number to be >0"
const trimmed = (message: string): string => message.replace(/^[^:]*: (?:expected )?/, "");

const LONGEST_VALUE = 60;

/** A value as it is shown in a message: JSON, cut where it is long. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 3)}...`;
}

/** `file:line:column path: message`, one line a problem. */
export function formatProblem(problem: Problem, document: ConfigDocument): string {
  return formatProblemAt(problem, document.file, position(problem, document));
}

export const formatProblemAt = (
  { path, message }: Problem,
  file: string,
  { line, column }: Position,
): string => `${file}:${line}:${column} ${formatPath(path)}: ${message}`;

const position = ({ path, atKey }: Problem, document: ConfigDocument): Position =>
  atKey ? document.locateKey(path) : document.locate(path);
