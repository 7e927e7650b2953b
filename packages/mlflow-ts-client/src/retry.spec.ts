import { describe, expect, it } from "vitest";
import { isRefusedContent, MlflowConnectionError, MlflowHttpError } from "./errors.js";
import { backoffMilliseconds, isRetryable, parseRetryAfter } from "./retry.js";

describe("backoffMilliseconds", () => {
  const policy = { retries: 7, backoffFactor: 2, backoffJitter: 1 };

  it("doubles from the factor and stops at two minutes", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((repetition) => backoffMilliseconds(policy, repetition, 0));
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000, 120_000, 120_000]);
  });

  it("adds a random part within the jitter", () => {
    expect(backoffMilliseconds(policy, 1, 0.5)).toBe(2500);
  });
});

describe("parseRetryAfter", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it("reads seconds and dates", () => {
    expect(parseRetryAfter("7", now)).toBe(7000);
    expect(parseRetryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
  });

  it("ignores what it cannot read, the past, and more than ten minutes", () => {
    expect(parseRetryAfter("soon", now)).toBeUndefined();
    expect(parseRetryAfter(undefined, now)).toBeUndefined();
    expect(parseRetryAfter("Thu, 01 Jan 2025 00:00:00 GMT", now)).toBe(0);
    expect(parseRetryAfter("86400", now)).toBe(600_000);
  });
});

describe("isRetryable", () => {
  it("repeats what lost a race in the server's database, and does not call it refused", () => {
    const serverMessage = "(sqlite3.IntegrityError) UNIQUE constraint failed: datasets.name";
    const reply = { method: "POST", path: "runs/log-inputs", status: 400, errorCode: "BAD_REQUEST" };
    const rest = { hint: undefined, retryAfterMilliseconds: undefined };
    const lost = new MlflowHttpError({ ...reply, ...rest, serverMessage });
    const refused = new MlflowHttpError({ ...reply, ...rest, serverMessage: "bad name" });
    expect([isRetryable(lost), isRetryable(refused)]).toEqual([true, false]);
    expect([isRefusedContent(lost), isRefusedContent(refused)]).toEqual([false, true]);
  });

  it("does not repeat a failed TLS handshake", () => {
    expect(isRetryable(new MlflowConnectionError("", "ECONNRESET", true))).toBe(true);
    expect(isRetryable(new MlflowConnectionError("", "DEPTH_ZERO_SELF_SIGNED_CERT", true))).toBe(false);
  });
});
