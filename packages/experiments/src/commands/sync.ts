import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { MlflowClient, syncJournals, type SyncOutcome } from "@dualpath/mlflow-ts-client";
import { ExperimentError, messageOf } from "../errors.js";
import { trackingUri } from "../tracking/open-tracker.js";
import type { CommandContext } from "./experiment-run.js";

/** `sync`: sends the journals below folders to MLflow, from where the last sending ended. Throws TRACKING for failures. */
export async function syncCommand(
  folders: readonly string[],
  { workspace, output, signal }: CommandContext,
): Promise<void> {
  const roots = folders.length === 0 ? [workspace.runs] : folders.map((folder) => resolve(folder));
  for (const root of roots) {
    if (!existsSync(root))
      throw new ExperimentError("DIRECTORY", `${root}: there is no such folder.`, { root });
  }
  const uri = await trackingUri({ kind: "mlflow" }, workspace);
  const client = new MlflowClient({ uri });
  try {
    const outcomes: SyncOutcome[] = [];
    for (const root of roots) outcomes.push(...(await syncJournals(root, { client, signal })));
    const failed = outcomes.flatMap((outcome) =>
      "error" in outcome ? [`${outcome.directory}: ${messageOf(outcome.error)}`] : [],
    );
    output.write(`${outcomes.length - failed.length} of ${outcomes.length} runs are at ${uri} in full.\n`);
    if (failed.length > 0)
      throw new ExperimentError("TRACKING", `these runs were not sent: ${failed.join("; ")}`, { failed });
  } finally {
    client.dispose();
  }
}
