import { ZodError } from "zod";
import { codeOf, messageOf } from "../errors.js";
import type { TrialFailure } from "./result.js";

// What the same trial would meet again: its own config, its data, its numbers. All else may have been bad luck.
const NO_BAD_LUCK = new Set(["ENOSPC", "EACCES", "EROFS", "ENOENT"]);

/** Why a trial gave up, and whether another attempt could get further. */
export function describeFailure(error: unknown): TrialFailure {
  const code = codeOf(error) ?? (error instanceof ZodError ? "CONFIG_INVALID" : "UNEXPECTED");
  const typed = error instanceof Error && "details" in error;
  const retryable = !typed && !(error instanceof ZodError) && !NO_BAD_LUCK.has(code);
  return { code, message: messageOf(error), retryable };
}
