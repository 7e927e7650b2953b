import { describe, expect, it } from "vitest";
import { MlflowHttpError } from "./errors.js";
import { toArray } from "./pages.js";
import { clientOf, startFake } from "./testing/setup.js";

describe("createOrGet", () => {
  it("makes an experiment that is absent and finds it the next time", async () => {
    const server = await startFake();
    const { experiments } = clientOf(server.uri);
    const made = await experiments.createOrGet({ name: "emoji", tags: { owner: "ada" } });
    const found = await experiments.createOrGet({ name: "emoji" });
    expect(found.experimentId).toBe(made.experimentId);
    expect(found.tags).toEqual({ owner: "ada" });
    expect(server.calls("experiments/create")).toHaveLength(1);
  });

  it("takes the experiment of a process that was faster", async () => {
    const server = await startFake();
    let isFirst = true;
    server.fault = (request) => {
      if (request.path.endsWith("create") && isFirst) server.store.createExperiment("emoji");
      isFirst &&= !request.path.endsWith("create");
      return undefined;
    };
    const made = await clientOf(server.uri).experiments.createOrGet({ name: "emoji" });
    expect(made.experimentId).toBe("1");
    expect(server.store.experiments).toHaveLength(1);
  });

  it("makes one experiment when the reply to its creation is lost", async () => {
    const server = await startFake();
    server.failNext("experiments/create", "lose");
    const made = await clientOf(server.uri).experiments.createOrGet({ name: "emoji" });
    expect(made.name).toBe("emoji");
    expect(server.store.experiments).toHaveLength(1);
  });

  it("restores a deleted experiment", async () => {
    const server = await startFake();
    server.store.createExperiment("emoji").lifecycleStage = "deleted";
    const found = await clientOf(server.uri).experiments.createOrGet({ name: "emoji" });
    expect(found.lifecycleStage).toBe("active");
    expect(server.store.experimentByName("emoji").lifecycleStage).toBe("active");
  });

  it("refuses a deleted experiment when told to", async () => {
    const server = await startFake();
    server.store.createExperiment("emoji").lifecycleStage = "deleted";
    const call = clientOf(server.uri).experiments.createOrGet({ name: "emoji", deleted: "error" });
    await expect(call).rejects.toThrow("experiment 'emoji' is deleted");
  });

  it("sets the tags that an existing experiment lacks", async () => {
    const server = await startFake();
    server.store.createExperiment("emoji", [{ key: "a", value: "1" }]);
    const tags = { a: "1", b: "2" };
    await clientOf(server.uri).experiments.createOrGet({ name: "emoji", tags });
    expect(server.bodies("set-experiment-tag")).toEqual([{ experiment_id: "1", key: "b", value: "2" }]);
  });
});

describe("getByName", () => {
  it("gives undefined for an unknown name and lets unknown fields pass", async () => {
    const server = await startFake();
    const { experiments } = clientOf(server.uri);
    expect(await experiments.getByName("emoji")).toBeUndefined();
    server.store.createExperiment("emoji");
    expect(await experiments.getByName("emoji")).toMatchObject({ name: "emoji", tags: {}, aNewField: 1 });
  });

  it("does not take an unknown route for an unknown name", async () => {
    const server = await startFake();
    const call = clientOf(`${server.uri}/elsewhere`).experiments.getByName("emoji");
    await expect(call).rejects.toThrow(MlflowHttpError);
  });
});

describe("create", () => {
  it("refuses a second experiment of one name", async () => {
    const server = await startFake();
    const { experiments } = clientOf(server.uri);
    await experiments.create({ name: "emoji" });
    await expect(experiments.create({ name: "emoji" })).rejects.toMatchObject({
      errorCode: "RESOURCE_ALREADY_EXISTS",
    });
  });

  it("refuses an empty name and a bad tag before the network", async () => {
    const server = await startFake();
    const { experiments } = clientOf(server.uri);
    await expect(experiments.create({ name: " " })).rejects.toThrow("experiment name is empty");
    await expect(experiments.create({ name: "a", tags: { "b@c": "" } })).rejects.toThrow("character '@'");
    expect(server.requests).toEqual([]);
  });
});

describe("search", () => {
  it("walks through the pages", async () => {
    const server = await startFake();
    for (const name of ["a", "b", "c"]) server.store.createExperiment(name);
    const found = await toArray(clientOf(server.uri).experiments.search({ pageSize: 2 }));
    expect(found.map((experiment) => experiment.name)).toEqual(["a", "b", "c"]);
    expect(server.calls("search")).toHaveLength(2);
  });
});
