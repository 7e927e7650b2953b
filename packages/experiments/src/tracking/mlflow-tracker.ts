import { JournalSync, runsUrl, type MlflowClient } from "@dualpath/mlflow-ts-client";
import { messageOf } from "../errors.js";
import type { TrialPlan } from "../space/plan.js";
import type { TrialDirectory } from "../sweep/directory.js";
import type { TrialEnd } from "../sweep/observer.js";
import { openTrialJournal, readTrialRun, sweepTags, writeTrialRun } from "./identity.js";
import { matchPlan } from "./membership.js";
import { recordSummary } from "./summary.js";
import { trialRun, type SweepRecord } from "./trial-run.js";
import type { TrackedSweep, Tracker, TrackingReport } from "./tracker.js";

export interface JournalTrackerOptions {
  readonly sweep: TrackedSweep;
  readonly record: Omit<SweepRecord, "sweep">;
  /** The server to feed; without one the journals wait on the disk. */
  readonly client?: MlflowClient;
  /** Told of an outage and of its end. */
  readonly onNote?: (line: string) => void;
  /** Longest time that the end of a sweep waits for the server. */
  readonly patienceMilliseconds?: number;
}

const PATIENCE_MILLISECONDS = 60_000;

/** Tells every trial who it is, and feeds the journals of all of them to MLflow in the background. */
export async function journalTracker(options: JournalTrackerOptions): Promise<Tracker> {
  const { sweep, client } = options;
  const changed = await matchPlan(sweep);
  const record: SweepRecord = { ...options.record, sweep };
  const feed = client === undefined ? undefined : journalFeed(client, options.onNote);
  const known = [...changed, ...sweep.plans.map(({ id }) => sweep.directory.trial(id))];
  for (const trial of known) feed?.follow(trial);
  return {
    prepared: (plan, directory) => prepareTrial(record, plan, directory),
    started: (_plan, _attempt, directory) => feed?.follow(directory),
    ended: (plan, end) => noteEnd(sweep.directory.trial(plan.id), end),
    close: async (summary) => {
      const summaryDirectory = recordSummary(record, sweep.directory, summary);
      feed?.follow(summaryDirectory);
      return (
        (await feed?.close(sweep, options.patienceMilliseconds ?? PATIENCE_MILLISECONDS)) ?? waiting(sweep)
      );
    },
  };
}

function prepareTrial(record: SweepRecord, plan: TrialPlan, directory: TrialDirectory): void {
  if (readTrialRun(directory) === undefined) writeTrialRun(directory, trialRun(record, plan));
}

const STATUS = { finished: undefined, failed: "FAILED", interrupted: "KILLED", pruned: "FINISHED" } as const;

// A trial that could not end its own journal is ended here; its process is gone.
function noteEnd(directory: TrialDirectory, end: TrialEnd): void {
  const status = STATUS[end.state];
  const run = readTrialRun(directory);
  if (status === undefined || run === undefined || end.retried === true) return;
  const journal = openTrialJournal(directory, run);
  const reason = end.message === undefined ? {} : { "trial.message": end.message };
  journal.tags({ [sweepTags.state]: end.state.toUpperCase(), ...reason });
  journal.finish(status);
  void journal.close();
}

interface JournalFeed {
  readonly follow: (directory: { readonly path: string }) => void;
  readonly close: (sweep: TrackedSweep, patienceMilliseconds: number) => Promise<TrackingReport>;
}

function journalFeed(client: MlflowClient, note: (line: string) => void = () => undefined): JournalFeed {
  const syncs = new Map<string, JournalSync>();
  let offline = false;
  const onStatus = ({ phase, error }: JournalSync["status"]): void => {
    if (phase === "offline" && !offline) {
      offline = true;
      note(
        `Warning: MLflow at ${client.uri} does not answer (${messageOf(error)}); training goes on, its journals wait.`,
      );
    }
    if (phase === "current" && offline) {
      offline = false;
      note(`MLflow at ${client.uri} answers again; the journals are being sent.`);
    }
  };
  const follow = ({ path: directory }: { readonly path: string }): void => {
    if (!syncs.has(directory)) syncs.set(directory, new JournalSync({ client, directory, onStatus }));
  };
  return {
    follow,
    close: async (sweep, patience) => {
      const complete = await Promise.all([...syncs.values()].map((sync) => sync.close(patience)));
      const report = [...syncs.values()]
        .map((sync) => sync.status.report)
        .find((known) => known !== undefined);
      client.dispose();
      return describe(sweep, client.uri, report?.experimentId, complete);
    },
  };
}

function describe(
  sweep: TrackedSweep,
  uri: string,
  experimentId: string | undefined,
  complete: readonly boolean[],
): TrackingReport {
  const late = complete.filter((sent) => !sent).length;
  const url =
    experimentId === undefined
      ? {}
      : { url: runsUrl(uri, experimentId, { tags: { [sweepTags.id]: sweep.id } }) };
  if (late === 0) return url;
  const warning =
    `${late} of ${complete.length} runs have not reached MLflow at ${uri} in full. Nothing is lost: when the server ` +
    `answers again, send them with 'npx nx run experiments:sync -- ${sweep.directory.path}'.`;
  return { ...url, warning };
}

function waiting({ directory }: TrackedSweep): TrackingReport {
  const command = `npx nx run experiments:sync -- ${directory.path}`;
  return { warning: `the runs were recorded on the disk only. Send them to MLflow with '${command}'.` };
}
