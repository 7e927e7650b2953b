import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { MlflowSettingsError } from "./errors.js";

/** Everything a connection needs. Times in milliseconds unless the name says otherwise. */
export interface MlflowSettings {
  /** http or https address of the tracking server, with its path prefix if it has one, without credentials. */
  readonly uri: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly workspace: string | undefined;
  readonly insecureTls: boolean;
  readonly serverCertificatePath: string | undefined;
  /** Longest silence on the wire before an attempt is given up. */
  readonly timeoutMilliseconds: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Seconds before the first repetition; doubled for each further one, at most 120 s. */
  readonly backoffFactor: number;
  /** Upper bound, in seconds, of the random time added to each wait. */
  readonly backoffJitter: number;
}

/** Overrides of what the environment says. */
export type MlflowClientOptions = { readonly [K in keyof MlflowSettings]?: MlflowSettings[K] | undefined };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the run and experiment that the environment asks for (used by launchers, not by the client). */
export interface MlflowTarget {
  readonly experimentName: string | undefined;
  readonly experimentId: string | undefined;
  readonly runId: string | undefined;
}

/** Reads MLFLOW_EXPERIMENT_NAME, MLFLOW_EXPERIMENT_ID and MLFLOW_RUN_ID. */
export function targetFromEnvironment(environment: Environment = process.env): MlflowTarget {
  return {
    experimentName: text(environment, "MLFLOW_EXPERIMENT_NAME"),
    experimentId: text(environment, "MLFLOW_EXPERIMENT_ID"),
    runId: text(environment, "MLFLOW_RUN_ID"),
  };
}

/**
 * Settings from explicit options first, then MLFLOW_TRACKING_URI, _USERNAME, _PASSWORD, _TOKEN, _INSECURE_TLS,
 * _SERVER_CERT_PATH, MLFLOW_WORKSPACE and MLFLOW_HTTP_REQUEST_TIMEOUT, _MAX_RETRIES, _BACKOFF_FACTOR, _BACKOFF_JITTER,
 * then the [mlflow] section of ~/.mlflow/credentials, then MLflow's own defaults (120 s, 7, 2, 1).
 * @throws MlflowSettingsError for a scheme other than http and https, or a value that is no number.
 */
export function resolveSettings(
  options: MlflowClientOptions = {},
  environment: Environment = process.env,
): MlflowSettings {
  const address = parseTrackingUri(options.uri ?? text(environment, "MLFLOW_TRACKING_URI"));
  const credentials = resolveCredentials(options, address, environment);
  const seconds = number(environment, "MLFLOW_HTTP_REQUEST_TIMEOUT", 120);
  return {
    uri: address.uri,
    ...credentials,
    workspace: options.workspace ?? text(environment, "MLFLOW_WORKSPACE"),
    insecureTls: options.insecureTls ?? isTrue(text(environment, "MLFLOW_TRACKING_INSECURE_TLS")),
    serverCertificatePath:
      options.serverCertificatePath ?? text(environment, "MLFLOW_TRACKING_SERVER_CERT_PATH"),
    timeoutMilliseconds: options.timeoutMilliseconds ?? seconds * 1000,
    retries: options.retries ?? number(environment, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7),
    backoffFactor: options.backoffFactor ?? number(environment, "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2),
    backoffJitter: options.backoffJitter ?? number(environment, "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 1),
  };
}

interface Address {
  readonly uri: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

type Credentials = Pick<MlflowSettings, "username" | "password" | "token">;

// MLflow's own order: a user name wins over a token, the environment over the credentials file.
function resolveCredentials(
  options: MlflowClientOptions,
  address: Address,
  environment: Environment,
): Credentials {
  const username = options.username ?? address.username ?? text(environment, "MLFLOW_TRACKING_USERNAME");
  const password = options.password ?? address.password ?? text(environment, "MLFLOW_TRACKING_PASSWORD");
  const token = options.token ?? text(environment, "MLFLOW_TRACKING_TOKEN");
  if (username !== undefined || token !== undefined) return { username, password, token };
  const file = credentialsFile(environment);
  return {
    username: file.get("mlflow_tracking_username"),
    password: file.get("mlflow_tracking_password"),
    token: undefined,
  };
}

const serveHint =
  "start `mlflow server --backend-store-uri <store> --host 127.0.0.1` and give its http address instead";

function parseTrackingUri(uri: string | undefined): Address {
  if (uri === undefined || uri.trim() === "") {
    throw new MlflowSettingsError(
      "no tracking URI: set MLFLOW_TRACKING_URI, for example http://127.0.0.1:5000",
    );
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri.trim())?.[1]?.toLowerCase();
  if (scheme !== "http" && scheme !== "https") throw refusedScheme(uri, scheme);
  if (!URL.canParse(uri)) {
    throw new MlflowSettingsError(`tracking URI '${uri}' is not a valid address`, { uri });
  }
  const parsed = new URL(uri);
  return {
    uri: `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`,
    username: parsed.username === "" ? undefined : decodeURIComponent(parsed.username),
    password: parsed.password === "" ? undefined : decodeURIComponent(parsed.password),
  };
}

function refusedScheme(uri: string, scheme: string | undefined): MlflowSettingsError {
  const what = scheme === undefined ? "no http or https address" : `scheme '${scheme}'`;
  const hint = uri.startsWith("databricks")
    ? "Databricks workspaces are not supported; give the http address of an MLflow server"
    : serveHint;
  return new MlflowSettingsError(
    `tracking URI '${uri}': ${what}: only http and https are supported; ${hint}`,
    {
      uri,
    },
  );
}

function text(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? undefined : value;
}

function number(environment: Environment, name: string, fallback: number): number {
  const value = text(environment, name);
  if (value === undefined) return fallback;
  const parsed = Number(value);
  if (Number.isFinite(parsed) && parsed >= 0) return parsed;
  throw new MlflowSettingsError(`${name}: expected a number of at least 0, got '${value}'`, { name, value });
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ["true", "1", "yes"].includes(value.toLowerCase());
}

function credentialsFile(environment: Environment): ReadonlyMap<string, string> {
  const path = join(text(environment, "HOME") ?? homedir(), ".mlflow", "credentials");
  try {
    return mlflowSection(readFileSync(path, "utf8"));
  } catch {
    return new Map();
  }
}

function mlflowSection(content: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = "";
  for (const line of content.split(/\r?\n/)) {
    section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1]?.trim() ?? section;
    const pair = /^\s*([^#;=:[\s]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (section === "mlflow" && pair) values.set((pair[1] ?? "").toLowerCase(), pair[2] ?? "");
  }
  return values;
}
