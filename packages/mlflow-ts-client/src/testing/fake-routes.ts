import type { FakeBatch, FakeExperiment, FakeRun, FakeStore } from "./fake-store.js";

export interface FakeCall {
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

type Route = (store: FakeStore, call: FakeCall) => unknown;

/** Replies of the JSON endpoints by method and path below /api/2.0/mlflow. */
export const fakeRoutes: Readonly<Record<string, Route>> = {
  "GET experiments/get-by-name": (store, { query }) =>
    experimentReply(store.experimentByName(query.get("experiment_name") ?? "")),
  "GET experiments/get": (store, { query }) =>
    experimentReply(store.experiment(query.get("experiment_id") ?? "")),
  "POST experiments/create": (store, { body }) => ({
    experiment_id: store.createExperiment(text(body, "name"), body["tags"] as []).experimentId,
  }),
  "POST experiments/restore": (store, { body }) => {
    store.experiment(text(body, "experiment_id")).lifecycleStage = "active";
  },
  "POST experiments/delete": (store, { body }) => {
    store.experiment(text(body, "experiment_id")).lifecycleStage = "deleted";
  },
  "POST experiments/set-experiment-tag": (store, { body }) => {
    store.experiment(text(body, "experiment_id")).tags.set(text(body, "key"), text(body, "value"));
  },
  "POST experiments/search": (store, { body }) =>
    pageOf("experiments", store.experiments.map(experimentJson), body),
  "POST runs/create": (store, { body }) => {
    const run = store.createRun(
      text(body, "experiment_id"),
      text(body, "run_name"),
      body["start_time"] as number,
      body["tags"] as [],
    );
    return { run: runJson(run) };
  },
  "GET runs/get": (store, { query }) => ({ run: runJson(store.run(query.get("run_id") ?? "")) }),
  "POST runs/update": (store, { body }) => {
    const run = store.activeRun(text(body, "run_id"));
    run.status = (body["status"] as string | undefined) ?? run.status;
    run.endTime = (body["end_time"] as number | undefined) ?? run.endTime;
  },
  "POST runs/delete": (store, { body }) => {
    store.run(text(body, "run_id")).lifecycleStage = "deleted";
  },
  "POST runs/restore": (store, { body }) => {
    store.run(text(body, "run_id")).lifecycleStage = "active";
  },
  "POST runs/set-tag": (store, { body }) => {
    store.activeRun(text(body, "run_id")).tags.set(text(body, "key"), text(body, "value"));
  },
  "POST runs/search": searchRuns,
  "POST runs/log-batch": (store, { body }) => {
    store.logBatch(text(body, "run_id"), body as FakeBatch);
  },
  "POST runs/log-inputs": (store, { body }) => {
    store.activeRun(text(body, "run_id")).inputs.push(...(body["datasets"] as unknown[]));
  },
  "GET metrics/get-history": (store, { query }) => {
    const run = store.run(query.get("run_id") ?? "");
    const points = run.points.filter((point) => point.key === query.get("metric_key"));
    // As servers 3.4 to 3.13 do: without max_results there is no point and an endless token.
    if (query.get("max_results") === null) return { next_page_token: "0" };
    return pageOf("metrics", points, { max_results: 2, page_token: query.get("page_token") });
  },
  "GET metrics/get-history-bulk-interval": (store, { query }) => ({
    metrics: query.getAll("run_ids").flatMap((runId) =>
      store
        .run(runId)
        .points.filter((point) => point.key === query.get("metric_key"))
        .map((point) => ({ ...point, run_id: runId })),
    ),
  }),
};

function searchRuns(store: FakeStore, { body }: FakeCall): unknown {
  const wanted = /^tags\.`(.+)` = '(.*)'$/.exec((body["filter"] as string | undefined) ?? "");
  const found = store.runs.filter((run) => {
    const isVisible = body["run_view_type"] === "ALL" || run.lifecycleStage === "active";
    const isWanted = wanted === null || run.tags.get(wanted[1] ?? "") === wanted[2];
    return (body["experiment_ids"] as string[]).includes(run.experimentId) && isVisible && isWanted;
  });
  return pageOf("runs", found.map(runJson), body);
}

function pageOf(name: string, items: readonly unknown[], request: Record<string, unknown>): unknown {
  const start = Number(request["page_token"] ?? 0);
  const end = start + Number(request["max_results"]);
  const rest = end < items.length ? { next_page_token: String(end) } : {};
  // The real server leaves out empty lists.
  return { ...(items.length === 0 ? {} : { [name]: items.slice(start, end) }), ...rest };
}

function experimentReply(experiment: FakeExperiment): unknown {
  return { experiment: experimentJson(experiment) };
}

function experimentJson({ experimentId, name, lifecycleStage, tags }: FakeExperiment): unknown {
  return {
    experiment_id: experimentId,
    name,
    lifecycle_stage: lifecycleStage,
    tags: pairs(tags),
    a_new_field: 1,
  };
}

function runJson(run: FakeRun): unknown {
  const last = new Map(run.points.map((point) => [point.key, point]));
  return {
    info: {
      run_id: run.runId,
      run_name: run.runName,
      experiment_id: run.experimentId,
      status: run.status,
      start_time: String(run.startTime),
      ...(run.endTime === undefined ? {} : { end_time: run.endTime }),
      artifact_uri: `mlflow-artifacts:/${run.experimentId}/${run.runId}/artifacts`,
      lifecycle_stage: run.lifecycleStage,
    },
    data: { metrics: [...last.values()], params: pairs(run.params), tags: pairs(run.tags) },
  };
}

function pairs(map: ReadonlyMap<string, string>): unknown[] {
  return [...map].map(([key, value]) => ({ key, value }));
}

function text(body: Record<string, unknown>, name: string): string {
  return String(body[name]);
}
