import { once } from "node:events";
import { ExperimentError } from "../errors.js";
import { ensureLocalServer, stopLocalServer } from "../tracking/local-server.js";
import type { CommandContext } from "./experiment-run.js";

export interface MlflowOptions {
  readonly stop?: boolean | undefined;
  /** Leave the server running and return. */
  readonly detach?: boolean | undefined;
  readonly port?: number | undefined;
}

/**
 * `mlflow`: serves the local store until the command is stopped, with --detach beyond that; one server at a time. A
 * server that a sweep has left running is shown, and goes on running.
 */
export async function mlflowCommand(
  options: MlflowOptions,
  { workspace, output, signal }: CommandContext,
): Promise<void> {
  if (options.stop === true) {
    const stopped = await stopLocalServer(workspace);
    output.write(
      stopped ? "The local MLflow server was stopped.\n" : "No local MLflow server was running.\n",
    );
    return;
  }
  const server = await ensureLocalServer(workspace, options.port);
  if (server.reused && options.port !== undefined && Number(new URL(server.uri).port) !== options.port) {
    const message = `the local MLflow server runs at ${server.uri} already; stop it with --stop to use port ${options.port}.`;
    throw new ExperimentError("PORT_IN_USE", message, { uri: server.uri, port: options.port });
  }
  output.write(`MLflow: ${server.uri}\n`);
  if (server.reused || options.detach === true) {
    output.write("It runs in the background; stop it with 'npx nx run experiments:mlflow -- --stop'.\n");
    return;
  }
  output.write("Press Ctrl-C to stop it.\n");
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  if (!signal.aborted) await once(signal, "abort");
  clearInterval(keepAlive);
  await stopLocalServer(workspace);
  output.write("The local MLflow server was stopped.\n");
}
