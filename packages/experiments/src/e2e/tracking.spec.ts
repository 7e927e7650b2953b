import { createServer } from "node:net";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MlflowClient, readJournal, tagEquals, toArray, type Run } from "@dualpath/mlflow-ts-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJournal as readLines } from "../process/journal.js";
import { replay, sweepEntrySchema } from "../sweep/journal.js";
import { commandBench, type CommandBench, type RunningCommand } from "../testing/command.js";
import { LOOPBACK } from "../tracking/port.js";
import { readResult } from "../trial/result.js";
import { trialDirectory } from "../sweep/directory.js";

const SWEEP = `sweep:
  space: { curriculum.0.learningRate: [0.05, 0.1, 0.2] }
  parallel: 2
tracking: { logEvery: 1 }
`;

let bench: CommandBench;

beforeAll(async () => {
  bench = await commandBench();
});

afterAll(async () => {
  await bench.run("mlflow", "--stop");
  bench.remove();
});

const serverUri = (): string =>
  (JSON.parse(readFileSync(join(bench.local, "mlflow", "server.json"), "utf8")) as { uri: string }).uri;

const stateOf = (name: string) => replay(readLines(join(bench.runs, name, "sweep.jsonl"), sweepEntrySchema));

async function runsOf(name: string): Promise<Run[]> {
  const client = new MlflowClient({ uri: serverUri() });
  const experiment = await client.experiments.getByName("dualpath");
  const filter = tagEquals("sweep.id", stateOf(name).id ?? "");
  const experimentIds = [experiment?.experimentId ?? ""];
  const runs = await toArray(client.runs.search({ experimentIds, filter }));
  client.dispose();
  return runs;
}

const isTrial = ({ data }: Run): boolean => data.tags["sweep.role"] === "trial";

/** The card that lies beside a run's weights; it has all that a card says. */
async function cardOf(client: MlflowClient, run: Run): Promise<string> {
  const weights = await client.artifacts.list(run, "checkpoint");
  expect(weights.map(({ path }) => path).sort()).toEqual([
    "checkpoint/README.md",
    "checkpoint/model.safetensors",
    "checkpoint/vocabulary.json",
  ]);
  const card = String(await client.artifacts.get(run, "checkpoint/README.md"));
  expect(card.match(/^## .*/gm)).toEqual(
    ["Data", "Split", "Model", "Recipe", "Metrics", "Commit"].map((title) => `## ${title}`),
  );
  return card;
}

/** Every point that the journals hold is on the server, once. */
async function expectEverythingSent(name: string): Promise<void> {
  const client = new MlflowClient({ uri: serverUri() });
  for (const run of (await runsOf(name)).filter(isTrial)) {
    const directory = trialDirectory(join(bench.runs, name, run.data.tags["sweep.trial"] ?? ""));
    const journaled = readJournal(directory.path).flatMap((entry) =>
      entry.kind === "metrics" && "train/loss" in entry.values
        ? [[entry.step, entry.values["train/loss"]]]
        : [],
    );
    const history = await toArray(client.metrics.history(run.info.runId, "train/loss"));
    expect(history.map(({ step, value }) => [step, value]).sort(([a], [b]) => Number(a) - Number(b))).toEqual(
      journaled,
    );
    expect(journaled.length).toBeGreaterThan(10);
  }
  client.dispose();
}

async function untilStep(running: RunningCommand, name: string, step: number): Promise<void> {
  for (;;) {
    if (running.child.exitCode !== null) throw new Error(running.output());
    const [first] = existsSync(join(bench.runs, name, "sweep.jsonl")) ? [...stateOf(name).trials.keys()] : [];
    const entries = first === undefined ? [] : readJournal(join(bench.runs, name, first));
    if (entries.some((entry) => entry.kind === "metrics" && entry.step >= step)) return;
    await sleep(30);
  }
}

describe("a sweep with the local MLflow server", () => {
  it("starts the server, records flat tagged runs, and prints the URL that opens exactly these", async () => {
    const { exitCode, output } = await bench.run(
      "sweep",
      "--config",
      bench.writeConfig("recorded", SWEEP, 3),
    );
    expect(exitCode, output).toBe(0);
    const id = stateOf("recorded").id ?? "";
    expect(output).toContain(`Compare in MLflow: ${serverUri()}/#/experiments/`);
    expect(output).toContain(encodeURIComponent(id));
    expect(output).toContain("compareRunsMode=CHART");
    const runs = await runsOf("recorded");
    expect(runs.map(({ data }) => data.tags["sweep.role"]).sort()).toEqual([
      "summary",
      "trial",
      "trial",
      "trial",
    ]);
    expect(runs.every(({ info }) => info.status === "FINISHED")).toBe(true);
    expect(runs.some(({ data }) => "mlflow.parentRunId" in data.tags)).toBe(false);
    await expectEverythingSent("recorded");
  });

  it("gives every run its params, final figures, dataset and artifacts", async () => {
    const client = new MlflowClient({ uri: serverUri() });
    for (const run of (await runsOf("recorded")).filter(isTrial)) {
      const { params, metrics, tags } = run.data;
      expect(Number(params["curriculum.stage-I.log10_learningRate"])).toBeCloseTo(
        Math.log10(Number(params["curriculum.stage-I.learningRate"])),
        5,
      );
      const result = readResult(
        trialDirectory(join(bench.runs, "recorded", tags["sweep.trial"] ?? "")).result,
      );
      expect(metrics["best/val_rsum"]?.value).toBe(result?.metrics["best/val_rsum"]);
      expect(metrics["best/test_i2t_r1"]?.value).toBe(result?.metrics["best/test_i2t_r1"]);
      expect(Object.keys(metrics).some((key) => key.startsWith("val/"))).toBe(true);
      expect(run.inputs.datasetInputs.map(({ dataset }) => dataset.name)).toContain("tiny shapes");
      const artifacts = await client.artifacts.list(run);
      expect(artifacts.map(({ path }) => path).sort()).toEqual([
        "checkpoint",
        "config.yaml",
        "report.md",
        "retrieval.png",
        "versions.json",
      ]);
      const card = await cardOf(client, run);
      expect(card).toContain(`"learningRate": ${params["curriculum.stage-I.learningRate"]}`);
      expect(card).toContain(`${metrics["best/test_i2t_r1"]?.value.toFixed(1)} |`);
    }
    client.dispose();
  });

  it("says that it is complete when run again, with the same URL, and records nothing anew", async () => {
    const before = (await runsOf("recorded")).map(({ info }) => info.runId).sort();
    const { exitCode, output } = await bench.run("sweep", "--config", join(bench.folder, "recorded.yaml"));
    expect(exitCode).toBe(0);
    expect(output).toContain("is complete already (3 trials); nothing was changed");
    expect(output).toContain("Compare in MLflow: ");
    expect((await runsOf("recorded")).map(({ info }) => info.runId).sort()).toEqual(before);
  });

  it("loses no metric when it is killed with SIGKILL and given again", async () => {
    const config = bench.writeConfig("killed", SWEEP, 12);
    const running = bench.start("sweep", "--config", config);
    await untilStep(running, "killed", 20);
    running.child.kill("SIGKILL");
    await running.ended;
    const { exitCode, output } = await bench.run("sweep", "--config", config);
    expect(exitCode, output).toBe(0);
    expect((await runsOf("killed")).filter(isTrial)).toHaveLength(3);
    await expectEverythingSent("killed");
  });

  it("loses no metric when MLflow is stopped in the middle and comes back", async () => {
    const uri = serverUri();
    const running = bench.start("sweep", "--config", bench.writeConfig("outage", SWEEP, 16));
    await untilStep(running, "outage", 5);
    await bench.run("mlflow", "--stop");
    await sleep(5000);
    const { output } = await bench.run("mlflow", "--detach", "--port", new URL(uri).port);
    expect(output).toContain(uri);
    const ended = await running.ended;
    expect(ended.exitCode, ended.output).toBe(0);
    expect(ended.output).not.toContain("have not reached MLflow");
    await expectEverythingSent("outage");
  });

  it("keeps the records of a run made --offline until sync sends them", async () => {
    const { exitCode, output } = await bench.run(
      "train",
      "--config",
      bench.writeConfig("away", "tracking: { logEvery: 1 }\n", 4),
      "--offline",
    );
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`experiments:sync -- ${join(bench.runs, "away")}`);
    expect(await runsOf("away")).toHaveLength(0);
    expect((await bench.run("sync", join(bench.runs, "away"))).output).toContain("1 of 1 runs are at");
    await expectEverythingSent("away");
    const client = new MlflowClient({ uri: serverUri() });
    for (const run of (await runsOf("away")).filter(isTrial))
      expect(await cardOf(client, run)).toMatch(/^# away$/m);
    client.dispose();
  });
});

describe("the mlflow command", () => {
  it("shows a server that runs already, and stops it", async () => {
    await bench.run("mlflow", "--detach");
    const shown = await bench.run("mlflow");
    expect(shown.output).toContain(`MLflow: ${serverUri()}`);
    expect(shown.output).toContain("It runs in the background");
    const uri = serverUri();
    expect((await bench.run("mlflow", "--stop")).output).toContain("was stopped");
    await expect(fetch(`${uri}/health`)).rejects.toThrow();
    expect((await bench.run("mlflow", "--stop")).output).toContain("No local MLflow server was running");
  });

  it("refuses a port that is in use", async () => {
    await bench.run("mlflow", "--stop");
    const other = createServer().listen(0, LOOPBACK);
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { exitCode, output } = await bench.run("mlflow", "--port", String(port));
    other.close();
    expect(exitCode).toBe(1);
    expect(output).toContain(`port ${port} on 127.0.0.1 is in use`);
  });

  it("serves until it is told to stop, and leaves nothing behind", async () => {
    const running = bench.start("mlflow");
    while (!running.output().includes("Press Ctrl-C") && running.child.exitCode === null) await sleep(50);
    expect(running.child.exitCode, running.output()).toBeNull();
    const uri = serverUri();
    expect(await (await fetch(`${uri}/health`)).text()).toBe("OK");
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ exitCode: 130 });
    await expect(fetch(`${uri}/health`)).rejects.toThrow();
  });
});
