import { setTimeout as delay } from "node:timers/promises";
import { isLostRace, MlflowConnectionError, MlflowHttpError } from "./errors.js";
import { isTlsReason } from "./transport.js";

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  /** Seconds before the first repetition; doubled for each further one. */
  readonly backoffFactor: number;
  /** Upper bound in seconds of the random addition. */
  readonly backoffJitter: number;
}

const longestBackoffSeconds = 120;
const longestRetryAfterSeconds = 600;
const repeatableStatus = new Set([408, 429, 500, 502, 503, 504]);

/** True for 408, 429, 500, 502, 503, 504, for a lost race in the server's database and for failures to get any reply. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof MlflowHttpError) return repeatableStatus.has(error.status) || isLostRace(error);
  return error instanceof MlflowConnectionError && !isTlsReason(error.reason);
}

/** True when the failed request cannot have changed anything on the server. */
export function isCertainlyUnprocessed(error: unknown): boolean {
  if (error instanceof MlflowConnectionError) return !error.mayHaveBeenProcessed;
  return error instanceof MlflowHttpError && (error.status === 429 || error.status === 503);
}

/** Milliseconds to wait before repetition number `repetition` (from 1), `random` in [0, 1). */
export function backoffMilliseconds(policy: RetryPolicy, repetition: number, random: number): number {
  const seconds = Math.min(policy.backoffFactor * 2 ** (repetition - 1), longestBackoffSeconds);
  return 1000 * (seconds + policy.backoffJitter * random);
}

/** Milliseconds that a Retry-After header (seconds or an HTTP date) asks for. */
export function parseRetryAfter(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const wanted = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wanted) ? undefined : Math.min(Math.max(wanted, 0), longestRetryAfterSeconds * 1000);
}

/**
 * Calls `attempt(0)`, then `attempt(1)`... until one succeeds, fails for good (`mayRepeat` says no), or the policy's
 * repetitions are used up; waits between attempts as the server's Retry-After says, else by exponential backoff.
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: (index: number) => Promise<T>,
  mayRepeat: (error: unknown) => boolean = isRetryable,
): Promise<T> {
  for (let index = 0; ; index += 1) {
    try {
      return await attempt(index);
    } catch (error) {
      if (index >= policy.retries || !mayRepeat(error)) throw error;
      await wait(waitMilliseconds(policy, index + 1, error), signal);
    }
  }
}

function waitMilliseconds(policy: RetryPolicy, repetition: number, error: unknown): number {
  const asked = error instanceof MlflowHttpError ? error.retryAfterMilliseconds : undefined;
  if (asked !== undefined) return asked + 1000 * policy.backoffJitter * Math.random();
  return backoffMilliseconds(policy, repetition, Math.random());
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
