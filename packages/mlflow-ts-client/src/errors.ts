/** The kinds of failure this package reports; every error it throws carries one as `code`. */
export type MlflowErrorCode =
  "SETTINGS" | "VALIDATION" | "CONNECTION" | "HTTP" | "REPLY" | "ARTIFACT" | "JOURNAL" | "JOURNAL_BUSY";

/** Base of all errors of this package. `details` holds the data the message was made of. */
export class MlflowError extends Error {
  override readonly name: string = "MlflowError";
  readonly code: MlflowErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: MlflowErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** The tracking URI or another setting cannot be used. */
export class MlflowSettingsError extends MlflowError {
  override readonly name = "MlflowSettingsError";

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super("SETTINGS", message, details, cause);
  }
}

/** A value would be refused by the server; raised before any request is sent. */
export class MlflowValidationError extends MlflowError {
  override readonly name = "MlflowValidationError";

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super("VALIDATION", message, details);
  }
}

/** No reply came: connection refused, reset, timed out, name not found, TLS failure. */
export class MlflowConnectionError extends MlflowError {
  override readonly name = "MlflowConnectionError";
  /** The system's error code, for example `ECONNREFUSED`, or `TIMEOUT`. */
  readonly reason: string;
  /** True when the request may have reached the server before the connection broke. */
  readonly mayHaveBeenProcessed: boolean;

  constructor(message: string, reason: string, mayHaveBeenProcessed: boolean, cause?: unknown) {
    super("CONNECTION", message, { reason, mayHaveBeenProcessed }, cause);
    this.reason = reason;
    this.mayHaveBeenProcessed = mayHaveBeenProcessed;
  }
}

export interface HttpFailure {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** MLflow's `error_code`, or `undefined` when the reply was not MLflow's JSON. */
  readonly errorCode: string | undefined;
  readonly serverMessage: string;
  readonly hint: string | undefined;
  readonly retryAfterMilliseconds: number | undefined;
}

/** The server answered with a status outside 200-299. */
export class MlflowHttpError extends MlflowError {
  override readonly name = "MlflowHttpError";
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly serverMessage: string;
  readonly retryAfterMilliseconds: number | undefined;

  constructor(failure: HttpFailure) {
    const kind = failure.errorCode === undefined ? "" : ` ${failure.errorCode}`;
    const hint = failure.hint === undefined ? "" : `; ${failure.hint}`;
    const place = `MLflow ${failure.method} ${failure.path}`;
    super("HTTP", `${place}: ${failure.status}${kind}: ${failure.serverMessage}${hint}`, { ...failure });
    this.status = failure.status;
    this.errorCode = failure.errorCode;
    this.serverMessage = failure.serverMessage;
    this.retryAfterMilliseconds = failure.retryAfterMilliseconds;
  }
}

/** The server answered 200-299 with something that is not the expected JSON. */
export class MlflowReplyError extends MlflowError {
  override readonly name = "MlflowReplyError";

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super("REPLY", message, details, cause);
  }
}

/** An artifact store that this client cannot reach, or a local file that cannot be read or written. */
export class MlflowArtifactError extends MlflowError {
  override readonly name = "MlflowArtifactError";

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super("ARTIFACT", message, details, cause);
  }
}

/** The journal on disk cannot be written, or holds no run. */
export class JournalError extends MlflowError {
  override readonly name: string = "JournalError";

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super("JOURNAL", message, details, cause);
  }
}

/** Another living process is feeding the same journal to a server. */
export class JournalBusyError extends MlflowError {
  override readonly name = "JournalBusyError";

  constructor(message: string, details: Readonly<Record<string, unknown>>) {
    super("JOURNAL_BUSY", message, details);
  }
}

/** True when the server said that the named thing does not exist (and not merely that the route is unknown). */
export function isNotFound(error: unknown): boolean {
  return error instanceof MlflowHttpError && error.errorCode === "RESOURCE_DOES_NOT_EXIST";
}

/** True when the server said that a thing of that name exists already. */
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof MlflowHttpError && error.errorCode === "RESOURCE_ALREADY_EXISTS";
}

/**
 * True for the 400 of a lost race in the server's database: two runs log one dataset for the first time at the same
 * moment, and the loser finds the row when it asks again.
 */
export function isLostRace({ status, serverMessage }: MlflowHttpError): boolean {
  return (
    status === 400 && /IntegrityError|UNIQUE constraint|UniqueViolation|Duplicate entry/.test(serverMessage)
  );
}

/** True when the server understood the request and refused its content: sending it again cannot help. */
export function isRefusedContent(error: unknown): boolean {
  if (error instanceof MlflowValidationError) return true;
  if (!(error instanceof MlflowHttpError)) return false;
  if (isLostRace(error)) return false;
  return error.status === 413 || (error.errorCode !== undefined && [400, 422].includes(error.status));
}
