import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { JournalBusyError, MlflowConnectionError } from "./errors.js";
import { journalFileName, syncLockFileName } from "./journal-format.js";
import { RunJournal } from "./run-journal.js";
import { RunDeletedError } from "./sync-delivery.js";
import { syncJournal, syncJournals } from "./sync-journal.js";
import { clientOf, startFake, temporaryDirectory } from "./testing/setup.js";

function record(directory: string, uid: string): RunJournal {
  const journal = new RunJournal(directory, { experiment: "emoji", runName: uid, uid });
  journal.metrics({ loss: 1 }, { step: 1 });
  journal.finish("FINISHED");
  return journal;
}

describe("syncJournal", () => {
  it("brings a journal written without a network to the server, once", async () => {
    const server = await startFake();
    const client = clientOf(server.uri);
    const directory = temporaryDirectory();
    record(directory, "u1");
    const report = await syncJournal(directory, { client });
    expect(report).toEqual({ directory, experimentId: "1", runId: "run1", rejected: 0, deferred: 0 });
    server.requests.length = 0;
    expect(await syncJournal(directory, { client })).toEqual(report);
    expect(server.calls("log-batch")).toEqual([]);
    expect(server.store.run("run1")).toMatchObject({ runName: "u1", status: "FINISHED" });
  });

  it("tolerates a torn last line and brings it when it is complete", async () => {
    const { uri, store } = await startFake();
    const directory = temporaryDirectory();
    record(directory, "u1");
    const path = join(directory, journalFileName);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 4));
    await syncJournal(directory, { client: clientOf(uri) });
    expect(store.run("run1").status).toBe("RUNNING");
    writeFileSync(path, whole);
    await syncJournal(directory, { client: clientOf(uri) });
    expect(store.run("run1").status).toBe("FINISHED");
  });

  it("throws when the server cannot be reached, and goes on the next time", async () => {
    const server = await startFake();
    const client = clientOf(server.uri, { retries: 1 });
    const directory = temporaryDirectory();
    record(directory, "u1");
    await server.stop();
    await expect(syncJournal(directory, { client })).rejects.toThrow(MlflowConnectionError);
    expect(existsSync(join(directory, syncLockFileName))).toBe(false);
    await server.start();
    await syncJournal(directory, { client });
    expect(server.store.run("run1").points).toHaveLength(1);
  });

  it("says so when a directory has no journal", async () => {
    const client = clientOf("http://127.0.0.1:1");
    await expect(syncJournal(temporaryDirectory(), { client })).rejects.toThrow("holds no journal of a run");
    await expect(syncJournal("/nonexistent", { client })).rejects.toThrow("holds no journal of a run");
  });

  it("says so when the run was deleted on the server", async () => {
    const { uri, store } = await startFake();
    const directory = temporaryDirectory();
    const journal = record(directory, "u1");
    await syncJournal(directory, { client: clientOf(uri) });
    store.run("run1").lifecycleStage = "deleted";
    journal.tags({ a: "b" });
    await expect(syncJournal(directory, { client: clientOf(uri) })).rejects.toThrow(RunDeletedError);
  });

  it("deletes the younger of two runs that two senders made at once", async () => {
    const server = await startFake();
    server.store.createExperiment("emoji");
    let isFirst = true;
    server.fault = ({ path }) => {
      if (path.endsWith("runs/create") && isFirst) {
        server.store.createRun("1", "u1", 0, [{ key: "dualpath.run_uid", value: "u1" }]);
        isFirst = false;
      }
      return undefined;
    };
    const directory = temporaryDirectory();
    record(directory, "u1");
    const { runId } = await syncJournal(directory, { client: clientOf(server.uri) });
    expect(runId).toBe("run1");
    expect(server.store.run("run1").points).toHaveLength(1);
    expect(server.store.run("run2").lifecycleStage).toBe("deleted");
  });

  it("stops when its signal says so", async () => {
    const server = await startFake();
    server.failNext("log-batch", "hang");
    const directory = temporaryDirectory();
    record(directory, "u1");
    const call = syncJournal(directory, { client: clientOf(server.uri), signal: AbortSignal.timeout(50) });
    await expect(call).rejects.toThrow(/timeout/i);
  });
});

describe("the lock of a journal", () => {
  it("keeps a second living sender out", async () => {
    const { uri } = await startFake();
    const directory = temporaryDirectory();
    record(directory, "u1");
    writeFileSync(join(directory, syncLockFileName), `${process.pid} ${hostname()} x`);
    await expect(syncJournal(directory, { client: clientOf(uri) })).rejects.toThrow(JournalBusyError);
  });

  it("is taken over from a dead process at once", async () => {
    const { uri } = await startFake();
    const directory = temporaryDirectory();
    record(directory, "u1");
    writeFileSync(join(directory, syncLockFileName), `999999999 ${hostname()} x`);
    expect((await syncJournal(directory, { client: clientOf(uri) })).runId).toBe("run1");
  });

  it("is taken over from another machine when it has not been refreshed for a minute", async () => {
    const { uri } = await startFake();
    const directory = temporaryDirectory();
    record(directory, "u1");
    const lock = join(directory, syncLockFileName);
    writeFileSync(lock, "1 elsewhere x");
    await expect(syncJournal(directory, { client: clientOf(uri) })).rejects.toThrow("process 1 elsewhere");
    utimesSync(lock, new Date(0), new Date(Date.now() - 61_000));
    expect((await syncJournal(directory, { client: clientOf(uri) })).runId).toBe("run1");
  });
});

describe("syncJournals", () => {
  it("brings every run below a folder and reports the ones that fail", async () => {
    const { uri, store } = await startFake();
    const root = temporaryDirectory();
    record(join(root, "sweep/a"), "a");
    record(join(root, "sweep/b"), "b");
    writeFileSync(join(root, "sweep/a", syncLockFileName), `${process.pid} ${hostname()} x`);
    const outcomes = await syncJournals(root, { client: clientOf(uri) });
    expect(outcomes.map((outcome) => outcome.directory)).toEqual([
      join(root, "sweep/a"),
      join(root, "sweep/b"),
    ]);
    expect(outcomes[0]).toHaveProperty("error");
    expect(outcomes[1]).toHaveProperty("report");
    expect(store.runs.map((run) => run.runName)).toEqual(["b"]);
    expect(await syncJournals(join(root, "none"), { client: clientOf(uri) })).toEqual([]);
  });
});
