import { MlflowHttpError } from "./errors.js";
import { parseRetryAfter } from "./retry.js";

/** A reply outside 200-299, as far as it was read. */
export interface FailedReply {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
}

interface Parsed {
  readonly errorCode: string | undefined;
  readonly message: string;
}

/**
 * Makes a typed error of any failed reply: MLflow's JSON, the HTML page of an unknown route, the plain text of the
 * authentication and host-checking middlewares, or whatever a proxy in between answers.
 */
export function failureOf(reply: FailedReply): MlflowHttpError {
  const parsed = parseJson(reply.body) ?? { errorCode: undefined, message: plainText(reply) };
  return new MlflowHttpError({
    method: reply.method,
    path: reply.path,
    status: reply.status,
    errorCode: parsed.errorCode,
    serverMessage: parsed.message,
    hint: hintFor(reply, parsed),
    retryAfterMilliseconds: parseRetryAfter(reply.retryAfter),
  });
}

function parseJson(body: string): Parsed | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null) return undefined;
    const { error_code: code, message, detail } = value as Record<string, unknown>;
    const text = [message, detail].find((one) => typeof one === "string");
    if (typeof code !== "string" && text === undefined) return undefined;
    return { errorCode: typeof code === "string" ? code : undefined, message: text ?? "no message" };
  } catch {
    return undefined;
  }
}

const longestMessage = 300;

function plainText(reply: FailedReply): string {
  const isMarkup = reply.contentType.includes("html") || /^\s*</.test(reply.body);
  const title = /<title>([^<]*)<\/title>/i.exec(reply.body)?.[1];
  const text = isMarkup ? (title ?? reply.body.replace(/<[^>]*>/g, " ")) : reply.body;
  const short = text.replace(/\s+/g, " ").trim().slice(0, longestMessage);
  return short === "" ? "the reply has no text" : short;
}

function hintFor(reply: FailedReply, parsed: Parsed): string | undefined {
  if (reply.status === 401) {
    return "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
  }
  if (reply.status === 403 && parsed.errorCode === undefined) {
    return "the server may not know this host name: start it with --allowed-hosts naming it (and --cors-allowed-origins)";
  }
  if (reply.status === 404 && parsed.errorCode === undefined) {
    return "no such route: check the path of the tracking URI and that the server is MLflow 2 or newer";
  }
  if (reply.status >= 300 && reply.status < 400) {
    return `the server redirects${reply.location === undefined ? "" : ` to ${reply.location}`}: use that address`;
  }
  return undefined;
}
