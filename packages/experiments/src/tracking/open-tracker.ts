import { MlflowClient } from "@dualpath/mlflow-ts-client";
import type { TrackingConfig } from "../config/schema.js";
import { ExperimentError } from "../errors.js";
import type { Workspace } from "../workspace/root.js";
import { ensureLocalServer } from "./local-server.js";
import { journalTracker } from "./mlflow-tracker.js";
import type { SweepRecord } from "./trial-run.js";
import { noTracker, type TrackedSweep, type Tracker } from "./tracker.js";

export interface OpenTrackerOptions {
  readonly sweep: TrackedSweep;
  readonly record: Omit<SweepRecord, "sweep">;
  readonly workspace: Workspace;
  /** Write journals only; they can be sent later. */
  readonly offline: boolean;
  readonly onNote: (line: string) => void;
}

/**
 * The tracker that a config asks for. Throws TRACKING_UNREACHABLE when a server was named and does not answer, and
 * what starting the local server throws.
 */
export async function openTracker(options: OpenTrackerOptions): Promise<Tracker> {
  const { sweep, record, workspace, offline, onNote } = options;
  if (record.tracking.kind === "none") return noTracker;
  if (offline) return journalTracker({ sweep, record });
  const uri = await trackingUri(record.tracking, workspace);
  return journalTracker({ sweep, record, client: new MlflowClient({ uri }), onNote });
}

/** The address of the server to use: the config's, the environment's, or that of the local server, started if needed. */
export async function trackingUri(
  tracking: Pick<TrackingConfig, "kind" | "uri">,
  workspace: Workspace,
): Promise<string> {
  const named = namedServer(tracking);
  if (named === undefined) return (await ensureLocalServer(workspace)).uri;
  await requireNamedServer(tracking);
  return named.uri;
}

function namedServer({ uri }: Pick<TrackingConfig, "uri">): { uri: string; origin: string } | undefined {
  if (uri !== undefined) return { uri, origin: "the config's tracking.uri" };
  const set = process.env["MLFLOW_TRACKING_URI"];
  return set === undefined || set === "" ? undefined : { uri: set, origin: "MLFLOW_TRACKING_URI" };
}

/** Throws TRACKING_UNREACHABLE when the config or the environment names a server that does not answer. */
export async function requireNamedServer(tracking: Pick<TrackingConfig, "kind" | "uri">): Promise<void> {
  const named = tracking.kind === "none" ? undefined : namedServer(tracking);
  if (named === undefined) return;
  const { uri, origin } = named;
  const client = new MlflowClient({ uri });
  try {
    if (await client.isHealthy()) return;
  } finally {
    client.dispose();
  }
  const message =
    `the MLflow server at ${uri} (from ${origin}) does not answer. Start it, correct the address, or use --offline ` +
    "to train now and send the runs later with experiments:sync.";
  throw new ExperimentError("TRACKING_UNREACHABLE", message, { uri });
}
