/** What can go wrong before, between and around trials; `details` holds the parts of the message as data. */
export type ExperimentErrorCode =
  | "CONFIG_MISSING"
  | "CONFIG_INVALID"
  | "USAGE"
  | "DATA"
  | "DATA_MISSING"
  | "DIRECTORY"
  | "SPLIT_MISMATCH"
  | "SWEEP_RUNNING"
  | "TRIAL_RUNNING"
  | "TRIALS_FAILED"
  | "CHECKPOINT"
  | "INDEX"
  | "PHOTOS"
  | "QUERY"
  | "MLFLOW_SETUP"
  | "PORT_IN_USE"
  | "TRACKING_UNREACHABLE"
  | "TRACKING";

const EXIT_CODES: Partial<Record<ExperimentErrorCode, number>> = {
  CONFIG_MISSING: 2,
  CONFIG_INVALID: 2,
  USAGE: 2,
};

/** An error whose message names the place and the remedy; shown without a stack. */
export class ExperimentError extends Error {
  override readonly name = "ExperimentError";

  constructor(
    readonly code: ExperimentErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Exit code of a command that ends with this error: 2 for what the user wrote, 1 for the rest. */
  get exitCode(): number {
    return EXIT_CODES[this.code] ?? 1;
  }
}

/** Message of anything thrown, for a one-paragraph report. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The `code` of a system or typed error, if it has one. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
