/** What went wrong, for programs to branch on. Native failures carry the same codes. */
export type ErrorCode =
  | "PLAN_INVALID"
  | "OP_UNKNOWN"
  | "SHAPE"
  | "DTYPE"
  | "ATTRIBUTE"
  | "STORE_MISSING"
  | "FEED"
  | "NON_FINITE"
  | "OUT_OF_MEMORY"
  | "DISPOSED"
  | "DEVICE"
  | "VERSION"
  | "INTERNAL";

/**
 * Every error of the engine. `message` names the place, what was expected, what came and often what to do;
 * `details` holds the same as data.
 */
export class DualpathError extends Error {
  override readonly name: string = "DualpathError";

  constructor(
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

interface NativeFailure {
  readonly message: string;
  readonly code: string;
  readonly details: Record<string, unknown>;
}

function isNativeFailure(error: unknown): error is NativeFailure {
  return error instanceof Error && "code" in error && "details" in error;
}

/** A point of the caller's code, taken before work goes to another thread, where the stack would be lost. */
export interface CallSite {
  readonly stack?: string;
}

/** Remembers who is calling. */
export function callSite(): CallSite {
  const site = {};
  Error.captureStackTrace(site, callSite);
  return site;
}

/** The typed error for a native failure, with the stack of the call that caused it. */
export function fromNative(failure: unknown, site: CallSite): unknown {
  if (!isNativeFailure(failure)) return failure;
  const error = new DualpathError(failure.code, failure.message, failure.details);
  const frames = site.stack?.split("\n").slice(1).join("\n") ?? "";
  error.stack = `${error.name} [${error.code}]: ${error.message}\n${frames}`;
  return error;
}
