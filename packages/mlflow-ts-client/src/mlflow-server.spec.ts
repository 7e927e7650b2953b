import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MlflowClient } from "./client.js";
import { MlflowHttpError } from "./errors.js";
import { tagEquals } from "./filters.js";
import { JournalSync } from "./journal-sync.js";
import { toArray } from "./pages.js";
import { RunJournal } from "./run-journal.js";
import { syncJournal } from "./sync-journal.js";
import { machineLearningKind, mlflowTags } from "./tags.js";
import { startMlflowServer, type RealServer } from "./testing/mlflow-server.js";
import { clientOf, temporaryDirectory, until } from "./testing/setup.js";

// Everything here talks to a real `mlflow server` with a SQLite store.
const store = mkdtempSync(join(tmpdir(), "mlflow-store-"));
let server: RealServer;

beforeAll(async () => {
  server = await startMlflowServer(store);
}, 180_000);

afterAll(async () => {
  await (server as RealServer | undefined)?.stop();
  rmSync(store, { recursive: true, force: true });
});

function slowClient(uri: string): MlflowClient {
  return clientOf(uri, { timeoutMilliseconds: 60_000 });
}

async function makeRun(client: MlflowClient, name: string) {
  const { experimentId } = await client.experiments.createOrGet({ name });
  return client.runs.create({ experimentId, runName: "first", tags: { "sweep.id": name } });
}

describe("a real server", { timeout: 180_000 }, () => {
  it("tells its health and version", async () => {
    const client = slowClient(server.uri);
    expect(await client.isHealthy()).toBe(true);
    expect(await client.version()).toMatch(/^\d+\.\d+/);
  });

  it("keeps one experiment for several who ask at once, and restores a deleted one", async () => {
    const { experiments } = slowClient(server.uri);
    const tags = { [mlflowTags.experimentKind]: machineLearningKind };
    const asked = await Promise.all([1, 2, 3, 4].map(() => experiments.createOrGet({ name: "race", tags })));
    expect(new Set(asked.map((experiment) => experiment.experimentId)).size).toBe(1);
    expect(await experiments.getByName("nobody")).toBeUndefined();
    await experiments.delete(asked[0]!.experimentId);
    expect((await experiments.getByName("race"))?.lifecycleStage).toBe("deleted");
    const restored = await experiments.createOrGet({ name: "race" });
    expect((await experiments.get(restored.experimentId)).lifecycleStage).toBe("active");
    const names = (await toArray(experiments.search({ pageSize: 1 }))).map((experiment) => experiment.name);
    expect(names).toEqual(expect.arrayContaining(["race", "Default"]));
  });

  it("takes a long curve with values that are not finite and gives it back", async () => {
    const client = slowClient(server.uri);
    const { runId } = (await makeRun(client, "curves")).info;
    const metrics = Array.from({ length: 1100 }, (_, step) => ({
      key: "train/loss",
      value: 1 / (step + 1),
      step,
      timestamp: step + 1,
    }));
    const batch = { metrics, params: [{ key: "dim", value: "64" }], tags: [{ key: "a b:c/d", value: "ü" }] };
    await client.runs.logBatch(runId, batch);
    await client.runs.logBatch(runId, { ...batch, metrics: metrics.slice(0, 50) });
    expect(await client.metrics.historyArray(runId, "train/loss")).toMatchObject(metrics);
    await client.runs.logMetrics(runId, { n: NaN, p: Infinity, m: -Infinity }, { step: 1 });
    const run = await client.runs.get(runId);
    expect(["n", "p", "m"].map((key) => run.data.metrics[key]?.value)).toEqual([NaN, Infinity, -Infinity]);
    expect(run.data).toMatchObject({ params: { dim: "64" }, tags: { "a b:c/d": "ü" } });
    const curves = await client.metrics.bulkHistory({
      runIds: [runId],
      metricKey: "train/loss",
      maxResults: 100,
    });
    expect(curves.get(runId)?.length).toBeGreaterThan(50);
  });

  it("finds runs by tag, page by page, and keeps status, inputs and deletion", async () => {
    const client = slowClient(server.uri);
    const { info } = await makeRun(client, "life");
    for (const uid of ["a", "b", "c"]) {
      await client.runs.create({ experimentId: info.experimentId, uid, tags: { "sweep.id": "life" } });
    }
    const query = { experimentIds: [info.experimentId], filter: tagEquals("sweep.id", "life") };
    expect(await toArray(client.runs.search({ ...query, pageSize: 2 }))).toHaveLength(4);
    const dataset = { name: "emoji", digest: "d1", sourceType: "npm", source: "{}", schema: "{}" };
    await client.runs.logInputs(info.runId, [{ dataset, context: "train" }]);
    await client.runs.logInputs(info.runId, [{ dataset, context: "train" }]);
    await client.runs.terminate(info.runId, "KILLED");
    const run = await client.runs.get(info.runId);
    expect(run.info.status).toBe("KILLED");
    expect(run.info.endTime).toBeGreaterThan(0);
    expect(run.inputs.datasetInputs).toMatchObject([{ dataset, tags: { "mlflow.data.context": "train" } }]);
    await client.runs.delete(info.runId);
    expect(await toArray(client.runs.search(query))).toHaveLength(3);
    await client.runs.restore(info.runId);
    expect(await toArray(client.runs.search(query))).toHaveLength(4);
  });

  it("makes no second run of a uid", async () => {
    const client = slowClient(server.uri);
    const { experimentId } = (await makeRun(client, "uids")).info;
    const first = await client.runs.create({ experimentId, uid: "it's one" });
    const second = await client.runs.create({ experimentId, uid: "it's one", reuse: true });
    expect(second.info.runId).toBe(first.info.runId);
  });

  it("refuses a changed param with an error that is not repeated", async () => {
    const client = slowClient(server.uri);
    const { runId } = (await makeRun(client, "params")).info;
    await client.runs.logParams(runId, { dim: 64 });
    const error: unknown = await client.runs.logParams(runId, { dim: 65 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MlflowHttpError);
    expect(error).toMatchObject({ status: 400, errorCode: "INVALID_PARAMETER_VALUE" });
  });

  it("keeps artifacts, also with spaces and plus signs, and lists them", async () => {
    const client = slowClient(server.uri);
    const run = await makeRun(client, "artifacts");
    const file = join(temporaryDirectory(), "weights");
    writeFileSync(file, Buffer.alloc(3_000_000, 5));
    await client.artifacts.put(run, "deep/weights bin", { file });
    await client.logStepImage(run, { key: "grid", step: 23, image: Buffer.from("png") });
    expect(await client.artifacts.list(run, "deep")).toEqual([
      { path: "deep/weights bin", isDirectory: false, size: 3_000_000 },
    ]);
    expect((await client.artifacts.get(run, "deep/weights bin")).equals(Buffer.alloc(3_000_000, 5))).toBe(
      true,
    );
    expect(
      (await client.artifacts.list(run, "images")).every((image) => image.path.includes("+step+23+")),
    ).toBe(true);
    expect(await client.artifacts.list(run, "nothing")).toEqual([]);
    const missing = client.artifacts.get(run, "nothing", { retries: 0 });
    await expect(missing).rejects.toThrow(MlflowHttpError);
  });

  it("keeps logged models, registers them and names the best", async () => {
    const client = slowClient(server.uri);
    const run = await makeRun(client, "models");
    const { experimentId, runId } = run.info;
    const model = await client.loggedModels.create({ experimentId, name: "dual-path", sourceRunId: runId });
    const { modelId } = model.info;
    await client.artifacts.putText(model, "config.yaml", "a: 1");
    expect((await client.loggedModels.finalize(modelId)).info.status).toMatch(/READY/);
    await client.loggedModels.logOutputs(runId, [{ modelId, step: 3 }]);
    expect((await toArray(client.loggedModels.search({ experimentIds: [experimentId] }))).length).toBe(1);
    await client.registry.createOrGetModel("dual-path");
    await client.registry.createOrGetModel("dual-path");
    const version = await client.registry.createVersion({
      ...{ name: "dual-path", source: `models:/${modelId}` },
      ...{ runId, modelId },
    });
    await client.registry.setAlias("dual-path", "champion", version.version);
    expect((await client.registry.getModel("dual-path")).aliases).toEqual({ champion: "1" });
  });

  it("answers an unknown route with a page that the error explains", async () => {
    const call = slowClient(`${server.uri}/elsewhere`).runs.get("a");
    await expect(call).rejects.toThrow("check the path of the tracking URI");
  });
});

describe("an outage of a real server", { timeout: 300_000 }, () => {
  it("leaves no gap in a run that went on meanwhile", async () => {
    const directory = temporaryDirectory();
    const journal = new RunJournal(directory, { experiment: "outage", runName: "long" });
    const client = slowClient(server.uri);
    const sync = new JournalSync({
      client,
      directory,
      intervalMilliseconds: 50,
      longestPauseMilliseconds: 500,
    });
    for (let step = 0; step < 50; step += 1) journal.metrics({ loss: step }, { step });
    await until(() => sync.status.phase === "current" && sync.status.pendingBytes === 0, 120);
    const port = Number(new URL(server.uri).port);
    await server.stop();
    for (let step = 50; step < 100; step += 1) journal.metrics({ loss: step }, { step });
    journal.tags({ note: "after the outage" });
    journal.finish("FINISHED");
    await until(() => sync.status.phase === "offline", 120);
    server = await startMlflowServer(store, port);
    expect(await sync.close(120_000)).toBe(true);
    const { runId } = await syncJournal(directory, { client });
    const history = await client.metrics.historyArray(runId, "loss");
    expect(history.map((point) => point.step)).toEqual(Array.from({ length: 100 }, (_, step) => step));
    expect((await client.runs.get(runId)).info.status).toBe("FINISHED");
    await journal.close();
  });
});
