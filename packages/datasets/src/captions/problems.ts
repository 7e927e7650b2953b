import { DatasetError, type DatasetErrorCode } from "../errors.js";

/** One thing that is wrong with a corpus, and where. */
export interface Problem {
  readonly code: DatasetErrorCode;
  readonly file: string;
  /** Line or record within the file. */
  readonly record?: string;
  /** What is wrong, and the remedy. */
  readonly message: string;
}

const SHOWN = 10;

/** `<file>, <record>: <message>`. */
export function describeProblem({ file, record, message }: Problem): string {
  return `${file}${record ? `, ${record}` : ""}: ${message}`;
}

/**
 * One error for all problems found; its code is theirs where they agree, else `CORPUS_INVALID`.
 * `details.problems` holds every one, the message the first ten.
 */
export function problemsError(corpus: string, problems: readonly Problem[]): DatasetError {
  const [first] = problems;
  const agreed = first && problems.every(({ code }) => code === first.code);
  const lines = problems.slice(0, SHOWN).map((problem) => `  ${describeProblem(problem)}`);
  if (problems.length > SHOWN) lines.push(`  ... and ${problems.length - SHOWN} more`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const hint = 'Repair these, or set "problems: skip" to train on the rest.';
  return new DatasetError(
    agreed ? first.code : "CORPUS_INVALID",
    `${corpus}: ${count} found\n${lines.join("\n")}\n${hint}`,
    { problems },
  );
}
