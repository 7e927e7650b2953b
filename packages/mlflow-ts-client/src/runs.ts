import { z } from "zod";
import { cutBatches, type Batch } from "./batches.js";
import { api, type Connection } from "./connection.js";
import { MlflowValidationError } from "./errors.js";
import { tagEquals } from "./filters.js";
import { toArray, walkPages } from "./pages.js";
import { withRetries } from "./retry.js";
import { emptyReply, pageOf, runSchema } from "./schemas.js";
import { mlflowTags, runUidTag } from "./tags.js";
import { runStatuses } from "./types.js";
import type { CallOptions, DatasetUse, MetricEntry, Run, RunStatus, ViewType } from "./types.js";
import { validateDataset, validateTag } from "./validate.js";

export interface NewRun {
  readonly experimentId: string;
  readonly runName?: string | undefined;
  /** Milliseconds since 1970; now by default. */
  readonly startTime?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Identity of the run, unique in the experiment, kept in the tag `runUidTag`; random by default. */
  readonly uid?: string | undefined;
}

export interface RunUpdate {
  readonly status?: RunStatus | undefined;
  readonly endTime?: number | undefined;
  readonly runName?: string | undefined;
}

export interface RunSearch {
  readonly experimentIds: readonly string[];
  /** MLflow's filter language; see `tagEquals` and `allOf`. */
  readonly filter?: string | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly viewType?: ViewType | undefined;
  readonly pageSize?: number | undefined;
}

export interface Runs {
  /**
   * Creates a run, once: before every repetition the run of that `uid` is searched for, so that a lost reply makes no
   * twin. A uid that exists already gives the existing run when `reuse` is true.
   */
  create(run: NewRun & { readonly reuse?: boolean | undefined }, options?: CallOptions): Promise<Run>;
  get(runId: string, options?: CallOptions): Promise<Run>;
  /** The oldest run, deleted ones included, with that uid. */
  findByUid(experimentId: string, uid: string, options?: CallOptions): Promise<Run | undefined>;
  update(runId: string, update: RunUpdate, options?: CallOptions): Promise<void>;
  /** Ends a run now. A pruned trial is FINISHED or KILLED with a tag of its own: MLflow ignores other states. */
  terminate(runId: string, status?: RunStatus, options?: CallOptions): Promise<void>;
  search(search: RunSearch, options?: CallOptions): AsyncIterable<Run>;
  delete(runId: string, options?: CallOptions): Promise<void>;
  restore(runId: string, options?: CallOptions): Promise<void>;
  setTag(runId: string, key: string, value: string, options?: CallOptions): Promise<void>;
  deleteTag(runId: string, key: string, options?: CallOptions): Promise<void>;
  /** Sends params, tags and points in as few calls as the server's limits allow. Safe to repeat. */
  logBatch(runId: string, batch: Partial<Batch>, options?: CallOptions): Promise<void>;
  /** Points of one step; `timestamp` is now by default. */
  logMetrics(
    runId: string,
    values: Readonly<Record<string, number>>,
    at: { readonly step: number; readonly timestamp?: number | undefined },
    options?: CallOptions,
  ): Promise<void>;
  logParams(
    runId: string,
    params: Readonly<Record<string, string | number | boolean>>,
    options?: CallOptions,
  ): Promise<void>;
  /** Records which datasets a run used. Safe to repeat. */
  logInputs(runId: string, datasets: readonly DatasetUse[], options?: CallOptions): Promise<void>;
}

const one = z.looseObject({ run: runSchema }).transform((reply) => reply.run);
const page = pageOf("runs", runSchema);

/** The run calls of a connection. */
export function runCalls(connection: Connection): Runs {
  const post = async (name: string, json: object, options?: CallOptions) => {
    await connection.call({ method: "POST", path: `${api}/runs/${name}`, json }, emptyReply, options);
  };

  const search: Runs["search"] = ({ viewType, pageSize = 1000, ...query }, options) =>
    walkPages((pageToken) => {
      const json = { ...query, runViewType: viewType, maxResults: pageSize, pageToken };
      return connection.call({ method: "POST", path: `${api}/runs/search`, json }, page, options);
    });

  const findByUid: Runs["findByUid"] = async (experimentId, uid, options) => {
    const filter = tagEquals(runUidTag, uid);
    const found = await toArray(search({ experimentIds: [experimentId], filter, viewType: "ALL" }, options));
    return found.sort(byAge)[0];
  };

  const calls: Runs = {
    search,
    findByUid,
    create: (run, options) => createOnce(connection, findByUid, run, options),
    get: (runId, options) =>
      connection.call({ method: "GET", path: `${api}/runs/get`, query: { runId } }, one, options),
    update(runId, update, options) {
      requireStatus(update.status);
      return post("update", { runId, ...update }, options);
    },
    terminate: (runId, status = "FINISHED", options) =>
      calls.update(runId, { status, endTime: Date.now() }, options),
    delete: (runId, options) => post("delete", { runId }, options),
    restore: (runId, options) => post("restore", { runId }, options),
    async setTag(runId, key, value, options) {
      validateTag({ key, value });
      await post("set-tag", { runId, key, value }, options);
    },
    deleteTag: (runId, key, options) => post("delete-tag", { runId, key }, options),
    async logBatch(runId, batch, options) {
      for (const part of cutBatches(batch)) await post("log-batch", { runId, ...part }, options);
    },
    logMetrics: (runId, values, at, options) =>
      calls.logBatch(runId, { metrics: metricEntries(values, at.step, at.timestamp) }, options),
    logParams: (runId, params, options) =>
      calls.logBatch(runId, { params: Object.entries(params).map(textParam) }, options),
    async logInputs(runId, datasets, options) {
      datasets.forEach(({ dataset }) => validateDataset(dataset));
      if (datasets.length > 0)
        await post("log-inputs", { runId, datasets: datasets.map(datasetInput) }, options);
    },
  };
  return calls;
}

async function createOnce(
  connection: Connection,
  find: Runs["findByUid"],
  run: NewRun & { readonly reuse?: boolean | undefined },
  options: CallOptions = {},
): Promise<Run> {
  const { experimentId, runName, startTime = Date.now(), uid = crypto.randomUUID() } = run;
  const tags = Object.entries({ ...run.tags, [runUidTag]: uid }).map(([key, value]) => ({ key, value }));
  tags.forEach(validateTag);
  const json = { experimentId, runName, startTime, tags };
  const once = { ...options, retries: 0 };
  const policy = { ...connection.settings, retries: options.retries ?? connection.settings.retries };
  return withRetries(policy, options.signal, async (attempt) => {
    const earlier = attempt > 0 || run.reuse === true ? await find(experimentId, uid, once) : undefined;
    return earlier ?? connection.call({ method: "POST", path: `${api}/runs/create`, json }, one, once);
  });
}

/** The points of one step, stamped with one time. */
export function metricEntries(
  values: Readonly<Record<string, number>>,
  step: number,
  timestamp: number = Date.now(),
): MetricEntry[] {
  return Object.entries(values).map(([key, value]) => ({ key, value, step, timestamp }));
}

function byAge(a: Run, b: Run): number {
  return a.info.startTime - b.info.startTime || (a.info.runId < b.info.runId ? -1 : 1);
}

function textParam([key, value]: [string, string | number | boolean]): { key: string; value: string } {
  return { key, value: String(value) };
}

function datasetInput({ dataset, context }: DatasetUse): object {
  return { dataset, tags: context === undefined ? [] : [{ key: mlflowTags.datasetContext, value: context }] };
}

function requireStatus(status: RunStatus | undefined): void {
  if (status === undefined || runStatuses.includes(status)) return;
  throw new MlflowValidationError(
    `run status '${String(status)}': expected one of ${runStatuses.join(", ")}; the server ignores any other`,
    { status },
  );
}
