import { mkdirSync, writeFileSync } from "node:fs";
import { readJournal } from "@dualpath/mlflow-ts-client";
import { describe, expect, it } from "vitest";
import type { RunnerConfig } from "../config/schema.js";
import { sweepDirectory } from "../sweep/directory.js";
import { temporaryDirectory } from "../testing/temporary.js";
import { openTrialJournal, writeTrialRun, type TrialRun } from "./identity.js";
import { matchPlan } from "./membership.js";

async function recordedTrials(...ids: string[]) {
  const directory = sweepDirectory(temporaryDirectory());
  for (const id of ids) {
    const trial = directory.trial(id);
    mkdirSync(trial.path);
    const objective = { metric: "best/val_rsum", direction: "maximize" };
    const tags = { "sweep.id": "s-1", "sweep.trial": id };
    const run: TrialRun = { experiment: "e", runName: id, uid: `s-1/${id}`, tags, params: {}, objective };
    writeTrialRun(trial, run);
    const journal = openTrialJournal(trial, run);
    journal.finish("FINISHED");
    await journal.close();
    writeFileSync(trial.result, "{}");
  }
  const match = async (...planned: string[]) => {
    const plans = planned.map((id, index) => ({ id, index, point: {}, config: {} as RunnerConfig }));
    const changed = await matchPlan({ id: "s-1", name: "s", directory, plans });
    return changed.map(({ path }) => path);
  };
  return { directory, match };
}

const lastOf = (path: string, kind: string) => readJournal(path).findLast((entry) => entry.kind === kind);

describe("a sweep whose space has changed", () => {
  it("keeps its tag on planned trials alone, and gives it back to one that returns", async () => {
    const { directory, match } = await recordedTrials("old", "kept");
    const old = directory.trial("old").path;
    expect(await match("kept", "new")).toEqual([old]);
    expect(lastOf(old, "tags")).toMatchObject({ tags: { "sweep.id": "s-1 (no longer planned)" } });
    expect(await match("old", "kept")).toEqual([old]);
    expect(lastOf(old, "tags")).toMatchObject({ tags: { "sweep.id": "s-1" } });
  });

  it("writes nothing when nothing has changed, and leaves finished runs finished", async () => {
    const { directory, match } = await recordedTrials("a", "b");
    expect(await match("a", "b")).toEqual([]);
    await match("a");
    expect(lastOf(directory.trial("b").path, "status")).toMatchObject({ status: "FINISHED" });
    expect(await match("a")).toEqual([]);
  });
});
