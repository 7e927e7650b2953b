import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MlflowClient } from "../client.js";

/** A real MLflow server in a child process, with its store in a folder of the test. */
export interface RealServer {
  readonly uri: string;
  stop(): Promise<void>;
}

/** The Python environment that holds MLflow: DUALPATH_MLFLOW_ENV, else .dualpath/mlflow-env of the workspace. */
export function mlflowEnvironment(): string {
  const workspace = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
  const directory = process.env["DUALPATH_MLFLOW_ENV"] ?? join(workspace, ".dualpath/mlflow-env");
  if (existsSync(join(directory, "bin/python"))) return directory;
  throw new Error(
    `no MLflow environment in '${directory}': run 'npm run setup:mlflow' at the workspace root`,
  );
}

// The job runner is seven more Python processes that serve nothing used here.
const lean = { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", MLFLOW_DISABLE_TELEMETRY: "true" };

/** Starts a server on a free port (or the given one) and waits until it is healthy. */
export async function startMlflowServer(store: string, port?: number): Promise<RealServer> {
  const chosen = port ?? (await freePort());
  const python = join(mlflowEnvironment(), "bin/python");
  const options = ["--host", "127.0.0.1", "--port", String(chosen), "--workers", "1"];
  const stores = [
    ...["--backend-store-uri", `sqlite:///${join(store, "mlflow.db")}`],
    ...["--artifacts-destination", join(store, "artifacts")],
  ];
  const child = spawn(python, ["-m", "mlflow", "server", ...stores, ...options], {
    cwd: store,
    env: { ...process.env, ...lean },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collectOutput(child);
  const uri = `http://127.0.0.1:${chosen}`;
  try {
    await untilHealthy(uri, child);
  } catch (error) {
    await stopTree(child);
    throw new Error(`MLflow server did not start:\n${output().slice(-2000)}`, { cause: error });
  }
  return { uri, stop: () => stopTree(child) };
}

function collectOutput(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (part: Buffer) => {
      output += part.toString();
    });
  }
  return () => output;
}

async function untilHealthy(uri: string, child: ChildProcess): Promise<void> {
  const client = new MlflowClient({ uri }, {});
  try {
    for (const deadline = Date.now() + 150_000; Date.now() < deadline;) {
      if (child.exitCode !== null) throw new Error(`exit code ${child.exitCode}`);
      if (await client.isHealthy()) return;
      await new Promise((wake) => setTimeout(wake, 200));
    }
    throw new Error("not healthy after 150 s");
  } finally {
    client.dispose();
  }
}

// The server is a small tree of processes (runner, supervisor, worker): they form a group of their own.
async function stopTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = new Promise((wake) => child.once("close", wake));
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    return;
  }
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((wake) => server.listen(0, "127.0.0.1", wake));
  const { port } = server.address() as AddressInfo;
  await new Promise((wake) => server.close(wake));
  return port;
}
