import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { MlflowReplyError } from "./errors.js";
import { failureOf } from "./failure.js";
import { isCertainlyUnprocessed, isRetryable, withRetries } from "./retry.js";
import type { MlflowSettings } from "./settings.js";
import { collect, createTransport, type RequestBody } from "./transport.js";
import type { CallOptions } from "./types.js";
import { fromWire, toWire } from "./wire.js";

export type QueryValue = string | number | undefined | readonly string[];

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the tracking URI, percent-encoded where needed. */
  readonly path: string;
  /** camelCase names; a list repeats its name. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** camelCase names, sent as snake_case JSON. */
  readonly json?: object;
  readonly body?: RequestBody | undefined;
  /** False when a second execution would create a second thing; such a call is repeated only if it never arrived. */
  readonly repeatable?: boolean;
}

/** One server, with settings, credentials, retries and error parsing applied to every call. */
export interface Connection {
  readonly settings: MlflowSettings;
  /** Calls an endpoint and parses its JSON reply. */
  call<T>(request: ApiRequest, schema: z.ZodType<T>, options?: CallOptions): Promise<T>;
  /** Calls an endpoint and hands the reply of status 200-299 to `consume`; `consume` may run once per attempt. */
  exchange<T>(
    request: ApiRequest,
    consume: (reply: IncomingMessage) => Promise<T>,
    options?: CallOptions,
  ): Promise<T>;
  close(): void;
}

/** Prefix of the JSON endpoints. */
export const api = "/api/2.0/mlflow";

/** Opens a connection; nothing is sent before the first call. */
export function connect(settings: MlflowSettings): Connection {
  const transport = createTransport(settings);
  const headers = commonHeaders(settings);

  async function attempt<T>(
    request: ApiRequest,
    consume: (reply: IncomingMessage) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    const body =
      request.json === undefined ? request.body : Buffer.from(JSON.stringify(toWire(request.json)));
    const type = request.json === undefined ? "application/octet-stream" : "application/json";
    const sent = {
      method: request.method,
      url: urlOf(settings.uri, request),
      headers: body === undefined ? headers : { ...headers, "Content-Type": type },
      body,
      timeoutMilliseconds: options.timeoutMilliseconds ?? settings.timeoutMilliseconds,
      signal: options.signal,
    };
    return transport.send(sent, async (reply) => {
      const status = reply.statusCode ?? 0;
      if (status >= 200 && status < 300) return consume(reply);
      throw failureOf({ ...request, ...(await readFailure(reply)), status });
    });
  }

  function exchange<T>(
    request: ApiRequest,
    consume: (reply: IncomingMessage) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const policy = { ...settings, retries: options.retries ?? settings.retries };
    const mayRepeat = (error: unknown) =>
      isRetryable(error) && (request.repeatable !== false || isCertainlyUnprocessed(error));
    return withRetries(policy, options.signal, () => attempt(request, consume, options), mayRepeat);
  }

  return {
    settings,
    exchange,
    call: (request, schema, options) =>
      exchange(request, async (reply) => parseReply(request, await collect(reply), schema), options),
    close: () => transport.close(),
  };
}

function commonHeaders(settings: MlflowSettings): Record<string, string> {
  const headers: Record<string, string> = {
    Accept: "application/json",
    "User-Agent": "dualpath-mlflow-ts-client",
  };
  if (settings.username !== undefined) {
    const pair = Buffer.from(`${settings.username}:${settings.password ?? ""}`).toString("base64");
    headers["Authorization"] = `Basic ${pair}`;
  } else if (settings.token !== undefined) {
    headers["Authorization"] = `Bearer ${settings.token}`;
  }
  if (settings.workspace !== undefined) headers["X-MLFLOW-WORKSPACE"] = settings.workspace;
  return headers;
}

function urlOf(uri: string, request: ApiRequest): URL {
  const url = new URL(`${uri}${request.path}`);
  for (const [name, value] of Object.entries(toWire(request.query ?? {}) as Record<string, QueryValue>)) {
    const values = Array.isArray(value)
      ? (value as readonly string[])
      : [value as string | number | undefined];
    for (const one of values) if (one !== undefined) url.searchParams.append(name, String(one));
  }
  return url;
}

async function readFailure(reply: IncomingMessage) {
  const body = (await collect(reply)).toString("utf8");
  const { location, "content-type": contentType = "", "retry-after": retryAfter } = reply.headers;
  return { body, location, contentType, retryAfter };
}

function parseReply<T>(request: ApiRequest, body: Buffer, schema: z.ZodType<T>): T {
  const place = `MLflow ${request.method} ${request.path}`;
  const parsed = schema.safeParse(fromWire(parseJson(place, body.toString("utf8"))));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new MlflowReplyError(`${place}: unexpected reply: ${issues.join("; ")}`, {
    path: request.path,
    issues,
  });
}

function parseJson(place: string, text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = text.replace(/\s+/g, " ").slice(0, 120);
    throw new MlflowReplyError(
      `${place}: expected JSON, got '${start}'; is this an MLflow server?`,
      { start },
      cause,
    );
  }
}
