import type { z } from "zod";
import { ExperimentError } from "../errors.js";
import { readDocument, type ConfigDocument } from "./document.js";
import { formatProblem, problemsOf } from "./problems.js";

/** A validated experiment, with the file it came from. */
export interface LoadedExperiment<T> {
  readonly experiment: T;
  readonly document: ConfigDocument;
}

/** Reads and validates one YAML file; throws CONFIG_INVALID that lists every problem with its line. */
export function loadExperiment<T>(file: string, schema: z.ZodType<T>): LoadedExperiment<T> {
  const document = readDocument(file);
  return { experiment: validated(document, schema), document };
}

/** Validates a parsed file against a schema. */
export function validated<T>(document: ConfigDocument, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error, schema, document.value);
  throw invalid(
    document.file,
    problems.map((problem) => formatProblem(problem, document)),
    "experiment",
  );
}

/** The error that lists problems, each already with its place. */
export function invalid(file: string, problems: readonly string[], what: string): ExperimentError {
  const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
  const message = `${file} is not a valid ${what} (${count}):\n  ${problems.join("\n  ")}`;
  return new ExperimentError("CONFIG_INVALID", message, { file, problems });
}
