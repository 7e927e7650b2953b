import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import type { Readable } from "node:stream";
import { MlflowArtifactError, MlflowConnectionError, MlflowSettingsError } from "./errors.js";
import type { MlflowSettings } from "./settings.js";

/** A body that can be sent again: bytes, or a stream that is opened anew for each attempt. */
export type RequestBody = Uint8Array | { readonly length: number; readonly open: () => Readable };

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody | undefined;
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal | undefined;
}

export interface Transport {
  /** Sends one request and hands the reply, whatever its status, to `consume`. No repetition happens here. */
  send<T>(request: HttpRequest, consume: (reply: http.IncomingMessage) => Promise<T>): Promise<T>;
  /** Closes idle connections. */
  close(): void;
}

// uvicorn and gunicorn drop idle connections after 5 s; ours must be gone before.
const idleMilliseconds = 3000;

/** A transport over node:http(s) with kept-alive connections that never hold the process open. */
export function createTransport(settings: MlflowSettings): Transport {
  const agent = createAgent(settings);
  return {
    send: (request, consume) => sendOnce(agent, request, consume),
    close: () => agent.destroy(),
  };
}

function createAgent(settings: MlflowSettings): http.Agent {
  const common = { keepAlive: true, timeout: idleMilliseconds, maxSockets: 8 };
  if (!settings.uri.startsWith("https:")) return new http.Agent(common);
  return new https.Agent({
    ...common,
    rejectUnauthorized: !settings.insecureTls,
    ...(settings.serverCertificatePath === undefined
      ? {}
      : { ca: readCertificate(settings.serverCertificatePath) }),
  });
}

function readCertificate(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MlflowSettingsError(`server certificate '${path}': cannot be read`, { path }, cause);
  }
}

async function sendOnce<T>(
  agent: http.Agent,
  request: HttpRequest,
  consume: (reply: http.IncomingMessage) => Promise<T>,
): Promise<T> {
  request.signal?.throwIfAborted();
  const message = openRequest(agent, request);
  const abort = () => message.destroy();
  request.signal?.addEventListener("abort", abort, { once: true });
  try {
    const answer = awaitReply(message);
    startBody(message, request.body);
    const result = await consume(await answer);
    // A server may answer before it has read the whole body; such a connection is of no further use.
    if (!message.writableFinished) message.destroy();
    return result;
  } catch (error) {
    message.destroy();
    request.signal?.throwIfAborted();
    throw isSystemError(error) ? connectionError(request, message, error) : error;
  } finally {
    request.signal?.removeEventListener("abort", abort);
  }
}

function openRequest(agent: http.Agent, request: HttpRequest): http.ClientRequest {
  const module = request.url.protocol === "https:" ? https : http;
  const { method, timeoutMilliseconds } = request;
  const length = request.body === undefined ? (method === "GET" ? undefined : 0) : request.body.length;
  const headers =
    length === undefined ? request.headers : { ...request.headers, "Content-Length": String(length) };
  const message = module.request(request.url, { method, headers, agent, timeout: timeoutMilliseconds });
  message.once("timeout", () => {
    message.destroy(
      Object.assign(new Error(`no answer for ${timeoutMilliseconds / 1000} s`), { code: "TIMEOUT" }),
    );
  });
  return message;
}

function awaitReply(message: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    message.once("response", resolve);
    // Stays on for the whole exchange: a socket may fail after the reply has begun.
    message.on("error", reject);
    message.once("close", () =>
      reject(Object.assign(new Error("connection closed"), { code: "ECONNRESET" })),
    );
  });
}

function startBody(message: http.ClientRequest, body: RequestBody | undefined): void {
  if (body === undefined || body instanceof Uint8Array) {
    message.end(body);
    return;
  }
  const stream = body.open();
  message.once("close", () => stream.destroy());
  stream.once("error", (cause) => {
    message.destroy(new MlflowArtifactError(`upload: ${cause.message}`, {}, cause));
  });
  stream.pipe(message);
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string" && !("details" in error);
}

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

function connectionError(
  request: HttpRequest,
  message: http.ClientRequest,
  cause: Error & { code: string },
): MlflowConnectionError {
  const { origin, pathname } = request.url;
  const place = `MLflow ${request.method} ${pathname}: cannot reach ${origin}`;
  const text = `${place}: ${reasonText(cause)}; ${hintFor(cause.code)}`;
  return new MlflowConnectionError(
    text,
    cause.code,
    message.socket !== null && !neverSent.has(cause.code),
    cause,
  );
}

/** True for the codes of failed TLS handshakes, which no repetition mends. */
export function isTlsReason(reason: string): boolean {
  return /CERT|ERR_TLS|ERR_SSL|UNABLE_TO_VERIFY|EPROTO/.test(reason);
}

function hintFor(reason: string): string {
  if (reason === "EPROTO") return "the server may speak http, not https: check the tracking URI";
  if (isTlsReason(reason)) return "give its certificate in MLFLOW_TRACKING_SERVER_CERT_PATH";
  return "is the tracking server running and the address right?";
}

function reasonText(cause: Error & { code: string }): string {
  // Node tries every address of a name and joins the failures in an error without a message.
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  return first instanceof Error ? first.message : cause.code;
}

/** Reads a reply to its end. */
export async function collect(reply: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of reply) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
