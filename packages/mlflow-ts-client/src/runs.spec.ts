import { describe, expect, it } from "vitest";
import { MlflowReplyError, MlflowValidationError } from "./errors.js";
import { tagEquals } from "./filters.js";
import { toArray } from "./pages.js";
import { runUidTag } from "./tags.js";
import { clientOf, startFake } from "./testing/setup.js";

async function startWithRun() {
  const server = await startFake();
  server.store.createExperiment("emoji");
  const client = clientOf(server.uri);
  const run = await client.runs.create({ experimentId: "1", runName: "first", uid: "u1", startTime: 5 });
  return { server, client, run, runId: run.info.runId };
}

describe("create", () => {
  it("gives the run with its tags, times as numbers and empty lists for what is absent", async () => {
    const { run } = await startWithRun();
    expect(run.info).toMatchObject({ runName: "first", status: "RUNNING", startTime: 5, endTime: undefined });
    expect(run.data).toEqual({ metrics: {}, params: {}, tags: { [runUidTag]: "u1" } });
    expect(run.inputs.datasetInputs).toEqual([]);
  });

  it("makes no twin when the reply is lost", async () => {
    const { server, client } = await startWithRun();
    server.failNext("runs/create", "lose");
    const run = await client.runs.create({ experimentId: "1", uid: "u2" });
    expect(server.store.runs).toHaveLength(2);
    expect(run.data.tags[runUidTag]).toBe("u2");
  });

  it("makes a run after all when the request itself was lost", async () => {
    const { server, client } = await startWithRun();
    server.failNext("runs/create", { status: 503 }, 2);
    await client.runs.create({ experimentId: "1", uid: "u2" });
    expect(server.store.runs).toHaveLength(2);
  });

  it("gives the existing run of a uid when told to reuse it", async () => {
    const { client, runId } = await startWithRun();
    const again = await client.runs.create({ experimentId: "1", uid: "u1", reuse: true });
    expect(again.info.runId).toBe(runId);
  });
});

describe("logBatch", () => {
  it("sends NaN and the infinities as MLflow spells them and reads them back", async () => {
    const { server, client, runId } = await startWithRun();
    await client.runs.logMetrics(
      runId,
      { a: NaN, b: Infinity, c: -Infinity, d: 0.5 },
      { step: 1, timestamp: 2 },
    );
    expect(server.store.run(runId).points.map((point) => point.value)).toEqual([
      "NaN",
      "Infinity",
      "-Infinity",
      0.5,
    ]);
    const { metrics } = (await client.runs.get(runId)).data;
    expect(Object.values(metrics).map((metric) => metric.value)).toEqual([NaN, Infinity, -Infinity, 0.5]);
  });

  it("cuts a long curve into calls that the server takes", async () => {
    const { server, client, runId } = await startWithRun();
    const metrics = Array.from({ length: 2100 }, (_, step) => ({
      key: "loss",
      value: step,
      step,
      timestamp: step,
    }));
    await client.runs.logBatch(runId, { metrics, params: [{ key: "dim", value: "64" }] });
    expect(server.store.run(runId).points).toHaveLength(2100);
    expect(server.calls("log-batch")).toHaveLength(3);
  });

  it("doubles nothing when a reply is lost and the call repeated", async () => {
    const { server, client, runId } = await startWithRun();
    server.failNext("log-batch", "lose");
    await client.runs.logMetrics(runId, { loss: 1 }, { step: 1, timestamp: 2 });
    expect(server.calls("log-batch")).toHaveLength(2);
    expect(server.store.run(runId).points).toHaveLength(1);
  });

  it("refuses bad keys and fractional steps before the network", async () => {
    const { server, client, runId } = await startWithRun();
    const before = server.requests.length;
    await expect(client.runs.logMetrics(runId, { "R@1": 1 }, { step: 1 })).rejects.toThrow(
      MlflowValidationError,
    );
    await expect(client.runs.logMetrics(runId, { a: 1 }, { step: 1.5 })).rejects.toThrow(
      "step: expected an integer",
    );
    await expect(client.runs.logParams(runId, { "a(b)": 1 })).rejects.toThrow("character '('");
    expect(server.requests).toHaveLength(before);
  });

  it("does not repeat a changed param, which the server refuses", async () => {
    const { server, client, runId } = await startWithRun();
    await client.runs.logParams(runId, { dim: 64 });
    await client.runs.logParams(runId, { dim: 64 });
    const change = client.runs.logParams(runId, { dim: 128 });
    await expect(change).rejects.toThrow("Changing param values is not allowed");
    expect(server.calls("log-batch")).toHaveLength(3);
  });
});

describe("the life of a run", () => {
  it("ends, is deleted and is restored", async () => {
    const { server, client, runId } = await startWithRun();
    await client.runs.setTag(runId, "trial.state", "PRUNED");
    await client.runs.terminate(runId, "KILLED");
    expect(server.store.run(runId)).toMatchObject({
      status: "KILLED",
      endTime: expect.any(Number) as number,
    });
    expect(server.store.run(runId).tags.get("trial.state")).toBe("PRUNED");
    await client.runs.delete(runId);
    expect((await client.runs.get(runId)).info.lifecycleStage).toBe("deleted");
    await client.runs.restore(runId);
    expect((await client.runs.get(runId)).info.lifecycleStage).toBe("active");
  });

  it("has no status that the server would ignore", async () => {
    const { server, client, runId } = await startWithRun();
    const before = server.requests.length;
    const update = async () => client.runs.update(runId, { status: "PRUNED" as "KILLED" });
    await expect(update()).rejects.toThrow("run status 'PRUNED': expected one of RUNNING");
    expect(server.requests).toHaveLength(before);
  });
});

describe("logInputs", () => {
  it("sends the dataset with the use that the web page shows", async () => {
    const { server, client, runId } = await startWithRun();
    const dataset = { name: "emoji", digest: "d1", sourceType: "npm", source: "{}" };
    await client.runs.logInputs(runId, [{ dataset, context: "train" }]);
    expect(server.bodies("log-inputs")[0]?.["datasets"]).toEqual([
      {
        dataset: { name: "emoji", digest: "d1", source_type: "npm", source: "{}" },
        tags: [{ key: "mlflow.data.context", value: "train" }],
      },
    ]);
  });
});

describe("search", () => {
  it("finds runs by tag over several pages and asks for no page that is not needed", async () => {
    const { server, client } = await startWithRun();
    for (const uid of ["a", "b", "c", "d", "e"]) {
      await client.runs.create({ experimentId: "1", uid, tags: { "sweep.id": "s1" } });
    }
    const query = { experimentIds: ["1"], filter: tagEquals("sweep.id", "s1"), pageSize: 2 };
    expect(await toArray(client.runs.search(query))).toHaveLength(5);
    expect(server.calls("runs/search")).toHaveLength(3);
    for await (const run of client.runs.search(query)) {
      expect(run.data.tags["sweep.id"]).toBe("s1");
      break;
    }
    expect(server.calls("runs/search")).toHaveLength(4);
  });

  it("ends with an error when the server never advances", async () => {
    const { server, client } = await startWithRun();
    const body = '{"runs": [], "next_page_token": "same"}';
    server.failNext("runs/search", { status: 200, body }, 10);
    const search = toArray(client.runs.search({ experimentIds: ["1"] }));
    await expect(search).rejects.toThrow(MlflowReplyError);
  });
});

describe("metric history", () => {
  it("always says how much it wants and reads all pages", async () => {
    const { server, client, runId } = await startWithRun();
    const metrics = [3, 1, 2, 5, 4].map((step) => ({ key: "loss", value: step, step, timestamp: step }));
    await client.runs.logBatch(runId, { metrics });
    const history = await client.metrics.historyArray(runId, "loss");
    expect(history.map((point) => point.step)).toEqual([1, 2, 3, 4, 5]);
    expect(server.calls("get-history").every((call) => call.query.get("max_results") === "25000")).toBe(true);
  });

  it("fetches the curves of more than 100 runs in several calls", async () => {
    const { server, client } = await startWithRun();
    const runIds: string[] = [];
    for (let index = 0; index < 120; index += 1) {
      const run = server.store.createRun("1", "r", 0);
      run.points.push({ key: "loss", value: index, step: 0, timestamp: 0 });
      runIds.push(run.runId);
    }
    const curves = await client.metrics.bulkHistory({ runIds, metricKey: "loss" });
    expect(runIds.map((runId) => curves.get(runId)?.[0]?.value)).toEqual(runIds.map((_, index) => index));
    expect(server.calls("bulk-interval")).toHaveLength(2);
  });
});
