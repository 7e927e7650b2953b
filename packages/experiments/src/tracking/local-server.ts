import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { z } from "zod";
import { ExperimentError, codeOf } from "../errors.js";
import { writeWhole } from "../process/files.js";
import { identify, isAlive, type ProcessIdentity } from "../process/identity.js";
import { takeLock } from "../process/lock.js";
import { waitForEnd } from "../process/stop.js";
import { makeDirectory } from "../sweep/directory.js";
import type { Workspace } from "../workspace/root.js";
import { LOOPBACK, reservePort } from "./port.js";

const recordSchema = z.object({ pid: z.int(), started: z.string(), host: z.string(), uri: z.string() });

/** A server of this checkout's own store. */
export interface LocalServer {
  readonly uri: string;
  readonly process: ProcessIdentity;
  /** It ran already. */
  readonly reused: boolean;
}

interface Places {
  readonly folder: string;
  readonly record: string;
  readonly lock: string;
  readonly log: string;
  readonly store: string;
  readonly artifacts: string;
}

function places(workspace: Workspace): Places {
  const folder = join(workspace.local, "mlflow");
  makeDirectory(folder);
  const at = (name: string): string => join(folder, name);
  return {
    folder,
    record: at("server.json"),
    lock: at("server.lock"),
    log: at("server.log"),
    store: at("mlflow.db"),
    artifacts: at("artifacts"),
  };
}

const LOCK_WAIT_MILLISECONDS = 20 * 60_000;

/**
 * The server of this checkout's store, started when it does not run: detached, so that it stays up, and on 127.0.0.1
 * only. Throws MLFLOW_SETUP when its environment cannot be made, PORT_IN_USE, TRACKING when it does not come up.
 */
export async function ensureLocalServer(workspace: Workspace, port?: number): Promise<LocalServer> {
  const own = places(workspace);
  const deadline = Date.now() + LOCK_WAIT_MILLISECONDS;
  for (;;) {
    const outcome = takeLock(own.lock);
    if ("lock" in outcome) {
      try {
        return (await runningServer(own)) ?? (await startServer(workspace, own, port));
      } finally {
        outcome.lock.release();
      }
    }
    if (Date.now() > deadline) {
      throw new ExperimentError(
        "TRACKING",
        `process ${outcome.heldBy.pid} has been starting MLflow for too long.`,
      );
    }
    await sleep(POLL_MILLISECONDS);
  }
}

function readRecord(file: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

const POLL_MILLISECONDS = 250;
const STARTUP_MILLISECONDS = 120_000;

async function runningServer(own: Places): Promise<LocalServer | undefined> {
  const record = readRecord(own.record);
  if (record === undefined || !isAlive(record)) return undefined;
  const { uri, ...process } = record;
  await waitUntilHealthy(uri, process, own.log);
  return { uri, process, reused: true };
}

async function startServer(
  workspace: Workspace,
  own: Places,
  port: number | undefined,
): Promise<LocalServer> {
  const environment = await setUpEnvironment(workspace);
  const reserved = await reservePort(port);
  try {
    const process = launch(environment, own, reserved.port);
    const uri = `http://${LOOPBACK}:${reserved.port}`;
    writeWhole(own.record, JSON.stringify({ ...process, uri }));
    await waitUntilHealthy(uri, process, own.log);
    return { uri, process, reused: false };
  } finally {
    reserved.release();
  }
}

/** The folder of the Python environment that serves MLflow; made when missing. Throws MLFLOW_SETUP. */
export async function setUpEnvironment({ root, local }: Workspace): Promise<string> {
  const script = join(root, "tools", "mlflow", "setup.mjs");
  const env = { DUALPATH_MLFLOW_ENV: process.env["DUALPATH_MLFLOW_ENV"] ?? join(local, "mlflow-env") };
  const done = await execa(process.execPath, [script], { reject: false, env, stderr: ["pipe", "inherit"] });
  if (done.exitCode === 0) return done.stdout.trim();
  const reason = done.stderr.trim().split("\n").at(-1) ?? "no reason was given";
  const remedy =
    "Set MLFLOW_TRACKING_URI to use a server of your own, or use --offline to train without one.";
  throw new ExperimentError("MLFLOW_SETUP", `${reason} ${remedy}`);
}

function launch(environment: string, own: Places, port: number): ProcessIdentity {
  const log = openSync(own.log, "a");
  try {
    const parameters = ["server", "--host", LOOPBACK, "--port", String(port), "--workers", "1"];
    const store = ["--backend-store-uri", `sqlite:///${own.store}`, "--artifacts-destination", own.artifacts];
    const child = spawn(join(environment, "bin", "mlflow"), [...parameters, ...store], {
      cwd: own.folder,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...QUIET },
    });
    child.on("error", () => undefined);
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw notUp(own.log, "its process did not start");
    return identity;
  } finally {
    closeSync(log);
  }
}

// No telemetry, and no job workers beside the server: the runs need neither.
const QUIET = {
  MLFLOW_DISABLE_TELEMETRY: "true",
  DO_NOT_TRACK: "true",
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
  MLFLOW_TRACKING_URI: "",
};

async function waitUntilHealthy(uri: string, server: ProcessIdentity, log: string): Promise<void> {
  const deadline = Date.now() + STARTUP_MILLISECONDS;
  while (!(await isHealthy(uri))) {
    if (!isAlive(server)) throw notUp(log, "it ended at once");
    if (Date.now() > deadline)
      throw notUp(log, `it gave no answer on ${uri} for ${STARTUP_MILLISECONDS / 1000} s`);
    await sleep(POLL_MILLISECONDS);
  }
}

const HEALTH_TIMEOUT_MILLISECONDS = 3000;

async function isHealthy(uri: string): Promise<boolean> {
  try {
    const reply = await fetch(`${uri}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MILLISECONDS) });
    return reply.ok && (await reply.text()) === "OK";
  } catch {
    return false;
  }
}

const LOG_LINES = 3;

function notUp(log: string, why: string): ExperimentError {
  const tail = existsSync(log)
    ? readFileSync(log, "utf8").trim().split("\n").slice(-LOG_LINES).join(" | ")
    : "";
  return new ExperimentError(
    "TRACKING",
    `the local MLflow server did not start: ${why}. ${log} ends with: ${tail}`,
    { log },
  );
}

const STOP_GRACE_MILLISECONDS = 10_000;

/** Stops this checkout's server; false when none ran. */
export async function stopLocalServer(workspace: Workspace): Promise<boolean> {
  const own = places(workspace);
  const record = readRecord(own.record);
  const alive = record !== undefined && isAlive(record);
  if (alive) {
    signalGroup(record.pid, "SIGTERM");
    if (!(await waitForEnd(record, STOP_GRACE_MILLISECONDS))) signalGroup(record.pid, "SIGKILL");
  }
  rmSync(own.record, { force: true });
  return alive;
}

// The server's workers are in its process group.
function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}
