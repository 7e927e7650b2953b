import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { rejectedFileName, syncStateFileName } from "./journal-format.js";
import { JournalSync, type JournalSyncOptions, type SyncPhase } from "./journal-sync.js";
import { RunJournal } from "./run-journal.js";
import type { FakeServer } from "./testing/fake-server.js";
import type { FakeRun } from "./testing/fake-store.js";
import { clientOf, startFake, temporaryDirectory, until } from "./testing/setup.js";

function journalOf(directory: string): RunJournal {
  return new RunJournal(directory, { experiment: "emoji", runName: "trial-1", tags: { "sweep.id": "s1" } });
}

function follow(
  server: FakeServer,
  directory: string,
  options: Partial<JournalSyncOptions> = {},
): JournalSync {
  const quick = { intervalMilliseconds: 10, longestPauseMilliseconds: 30 };
  const sync = new JournalSync({ client: clientOf(server.uri), directory, ...quick, ...options });
  onTestFinished(async () => {
    await sync.close(0);
  });
  return sync;
}

function onlyRun(server: FakeServer): FakeRun {
  expect(server.store.runs.filter((run) => run.lifecycleStage === "active")).toHaveLength(1);
  return server.store.runs.find((run) => run.lifecycleStage === "active")!;
}

function steps(run: FakeRun, key = "loss"): number[] {
  return run.points.filter((point) => point.key === key).map((point) => point.step);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe("JournalSync", () => {
  it("brings a run to the server while it goes on", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const sync = follow(server, directory);
    journal.params({ dim: 64 });
    journal.metrics({ loss: NaN }, { step: 0 });
    await until(() => server.store.runs[0]?.points.length === 1);
    journal.inputs([{ dataset: { name: "emoji", digest: "d", sourceType: "npm", source: "{}" } }]);
    writeFileSync(join(directory, "config.yaml"), "a: 1");
    journal.artifact("config.yaml");
    journal.finish("FINISHED");
    expect(await sync.close()).toBe(true);
    const run = onlyRun(server);
    expect(run.tags.get("sweep.id")).toBe("s1");
    expect(run.params.get("dim")).toBe("64");
    expect(run.inputs).toHaveLength(1);
    expect(run.status).toBe("FINISHED");
    expect(run.endTime).toBeGreaterThan(0);
    expect(server.store.files.get(`1/${run.runId}/artifacts/config.yaml`)?.toString()).toBe("a: 1");
    expect(sync.status).toMatchObject({ phase: "closed", pendingBytes: 0, error: undefined });
  });

  it("waits for a journal that another process has yet to begin", async () => {
    const server = await startFake();
    const directory = join(temporaryDirectory(), "later");
    const sync = follow(server, directory);
    expect(sync.status.phase).toBe("waiting");
    expect(await sync.drain(50)).toBe(true);
    journalOf(directory).metrics({ loss: 1 }, { step: 1 });
    await until(() => sync.status.phase === "current" && sync.status.pendingBytes === 0);
    expect(steps(onlyRun(server))).toEqual([1]);
  });

  it("has every point after an outage in the middle of a run", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const phases: SyncPhase[] = [];
    const sync = follow(server, directory, { onStatus: ({ phase }) => phases.push(phase) });
    for (const step of range(20)) journal.metrics({ loss: step }, { step });
    await until(() => server.store.runs[0]?.points.length === 20);
    await server.stop();
    for (const step of range(20)) journal.metrics({ loss: step }, { step: 20 + step });
    await until(() => sync.status.phase === "offline");
    expect(sync.status.pendingBytes).toBeGreaterThan(0);
    expect(sync.status.error).toMatchObject({ code: "CONNECTION" });
    for (const step of range(20)) journal.metrics({ loss: step }, { step: 40 + step });
    await server.start();
    expect(await sync.close()).toBe(true);
    expect(steps(onlyRun(server))).toEqual(range(60));
    expect(phases).toContain("offline");
    expect(phases.at(-1)).toBe("closed");
  });

  it("neither throws nor waits when there is no server at all, and leaves everything to later", async () => {
    const server = await startFake();
    await server.stop();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const sync = follow(server, directory);
    const start = performance.now();
    for (const step of range(200)) journal.metrics({ loss: step }, { step });
    expect(performance.now() - start).toBeLessThan(1000);
    expect(await sync.close(100)).toBe(false);
    expect(sync.status.pendingBytes).toBeGreaterThan(0);
    await server.start();
    expect(await follow(server, directory).close()).toBe(true);
    expect(steps(onlyRun(server))).toEqual(range(200));
  });

  it("doubles nothing when replies are lost and everything is sent again", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    let count = 0;
    server.fault = () => (++count % 2 === 0 ? "lose" : undefined);
    const sync = follow(server, directory, { batchPoints: 3 });
    for (const step of range(30)) journal.metrics({ loss: step }, { step, timestamp: step });
    await sync.drain(300);
    server.fault = () => undefined;
    expect(await sync.close()).toBe(true);
    expect(steps(onlyRun(server))).toEqual(range(30));
  });

  it("goes on from the stored offset in a new process", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    journal.metrics({ loss: 1 }, { step: 1 });
    await follow(server, directory).close();
    journal.metrics({ loss: 2 }, { step: 2 });
    server.requests.length = 0;
    await follow(server, directory).close();
    expect(server.bodies("log-batch").flatMap((body) => body["metrics"])).toMatchObject([{ step: 2 }]);
    expect(steps(onlyRun(server))).toEqual([1, 2]);
  });

  it("finds its run again when the stored offset is lost", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    journalOf(directory).metrics({ loss: 1 }, { step: 1 });
    await follow(server, directory).close();
    rmSync(join(directory, syncStateFileName));
    await follow(server, directory).close();
    expect(steps(onlyRun(server))).toEqual([1]);
  });

  it("sends everything again when the server has lost its store", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const sync = follow(server, directory);
    journal.metrics({ loss: 1 }, { step: 1 });
    await until(() => server.store.runs[0]?.points.length === 1);
    server.store.runs.length = 0;
    server.store.experiments.length = 0;
    journal.metrics({ loss: 2 }, { step: 2 });
    expect(await sync.close()).toBe(true);
    expect(steps(onlyRun(server))).toEqual([1, 2]);
  });

  it("sends to a second server what the first one had already", async () => {
    const [first, second] = [await startFake(), await startFake()];
    const directory = temporaryDirectory();
    journalOf(directory).metrics({ loss: 1 }, { step: 1 });
    await follow(first, directory).close();
    await follow(second, directory).close();
    expect(steps(onlyRun(second))).toEqual([1]);
  });

  it("sets aside what the server refuses and brings the rest", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const reasons: string[] = [];
    journal.params({ dim: 64 });
    journal.metrics({ loss: 1, refused: 2, other: 3 }, { step: 1 });
    journal.params({ dim: 128, width: 0.25 });
    journal.artifact("missing.txt");
    journal.finish("FINISHED");
    expect(await follow(server, directory, { onRejected: (reason) => reasons.push(reason) }).close()).toBe(
      true,
    );
    const run = onlyRun(server);
    expect(run.points.map((point) => point.key)).toEqual(["loss", "other"]);
    expect([...run.params]).toEqual([
      ["dim", "64"],
      ["width", "0.25"],
    ]);
    expect(run.status).toBe("FINISHED");
    expect(reasons).toHaveLength(3);
    const kept = readFileSync(join(directory, rejectedFileName), "utf8").trim().split("\n");
    expect(kept.map((line) => (JSON.parse(line) as { what: unknown }).what)).toMatchObject([
      { kind: "metrics", value: { key: "refused" } },
      { kind: "params", value: { key: "dim", value: "128" } },
      { source: "missing.txt" },
    ]);
  });

  it("does not let a failing artifact store hold back the metrics", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    server.fault = ({ method }) => (method === "PUT" ? { status: 500, body: "disk full" } : undefined);
    writeFileSync(join(directory, "a.txt"), "a");
    journal.artifact("a.txt");
    journal.metrics({ loss: 1 }, { step: 1 });
    const sync = follow(server, directory);
    await until(() => server.store.runs[0]?.points.length === 1);
    expect(await sync.drain(100)).toBe(false);
    expect(sync.status.report?.deferred).toBe(1);
    server.fault = () => undefined;
    expect(await sync.close()).toBe(true);
    expect([...server.store.files.values()].map(String)).toEqual(["a"]);
  });

  it("stops when somebody deletes the run on the server", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const sync = follow(server, directory);
    await until(() => sync.status.phase === "current");
    server.store.runs[0]!.lifecycleStage = "deleted";
    journal.metrics({ loss: 1 }, { step: 1 });
    await until(() => sync.status.phase === "deleted");
    expect(String(sync.status.error)).toContain("was deleted");
    expect(existsSync(join(directory, rejectedFileName))).toBe(false);
    expect(await sync.close()).toBe(false);
  });

  it("waits while another sender is at work and takes over when it ends", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    const first = follow(server, directory);
    await until(() => first.status.phase === "current");
    const second = follow(server, directory);
    await until(() => second.status.phase === "busy");
    await first.close();
    journal.metrics({ loss: 1 }, { step: 1 });
    expect(await second.close()).toBe(true);
    expect(steps(onlyRun(server))).toEqual([1]);
  });

  it("survives listeners that throw", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    journal.artifact("missing.txt");
    const fail = () => {
      throw new Error("listener");
    };
    expect(await follow(server, directory, { onStatus: fail, onRejected: fail }).close()).toBe(true);
  });

  it("sends less at once to a server that is too slow for a whole batch", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    for (const step of range(300)) journal.metrics({ loss: step }, { step });
    server.fault = ({ path, text }) =>
      path.endsWith("log-batch") && text.length > 8000 ? "hang" : undefined;
    const client = clientOf(server.uri, { timeoutMilliseconds: 100 });
    expect(await follow(server, directory, { client }).close()).toBe(true);
    expect(steps(onlyRun(server))).toEqual(range(300));
  });

  it("sends points in batches and not one by one", async () => {
    const server = await startFake();
    const directory = temporaryDirectory();
    const journal = journalOf(directory);
    for (const step of range(1200)) journal.metrics({ loss: step }, { step });
    await follow(server, directory).close();
    expect(server.calls("log-batch")).toHaveLength(3);
    expect(steps(onlyRun(server))).toEqual(range(1200));
  });
});
