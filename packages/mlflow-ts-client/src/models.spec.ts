import { describe, expect, it } from "vitest";
import { toArray } from "./pages.js";
import { clientOf, startFake } from "./testing/setup.js";

const model = { info: { model_id: "m-1", artifact_uri: "mlflow-artifacts:/1/models/m-1/artifacts" } };

function json(value: unknown) {
  return { status: 200, body: JSON.stringify(value) };
}

describe("logged models", () => {
  it("are created, finalized and shown as outputs of a run", async () => {
    const server = await startFake();
    server.fault = ({ path }) => json(path.endsWith("outputs") ? {} : { model });
    const { loggedModels } = clientOf(server.uri);
    const made = await loggedModels.create({ experimentId: "1", name: "dual-path", params: { dim: "64" } });
    expect(made.info).toMatchObject({
      modelId: "m-1",
      status: "LOGGED_MODEL_PENDING",
      sourceRunId: undefined,
    });
    await loggedModels.finalize("m-1");
    await loggedModels.logOutputs("run1", [{ modelId: "m-1", step: 20 }]);
    expect(
      server.requests.map(({ method, path }) => `${method} ${path.slice("/api/2.0/mlflow/".length)}`),
    ).toEqual(["POST logged-models", "PATCH logged-models/m-1", "POST runs/outputs"]);
    expect(server.requests.map((request) => JSON.parse(request.text) as unknown)).toEqual([
      { experiment_id: "1", name: "dual-path", params: [{ key: "dim", value: "64" }], tags: [] },
      { model_id: "m-1", status: "LOGGED_MODEL_READY" },
      { run_id: "run1", models: [{ model_id: "m-1", step: 20 }] },
    ]);
  });

  it("are not created twice when it is unknown whether the first request arrived", async () => {
    const server = await startFake();
    server.failNext("logged-models", "drop", 5);
    await expect(clientOf(server.uri).loggedModels.create({ experimentId: "1" })).rejects.toThrow(
      "cannot reach",
    );
    expect(server.requests).toHaveLength(1);
  });

  it("are created after all when the server was too busy to look", async () => {
    const server = await startFake();
    let count = 0;
    server.fault = () => (++count < 3 ? { status: 503, body: "" } : json({ model }));
    expect((await clientOf(server.uri).loggedModels.create({ experimentId: "1" })).info.modelId).toBe("m-1");
  });

  it("are searched page by page", async () => {
    const server = await startFake();
    const pages = [{ models: [model, model], next_page_token: "2" }, { models: [model] }];
    server.fault = () => json(pages.shift());
    const found = await toArray(clientOf(server.uri).loggedModels.search({ experimentIds: ["1"] }));
    expect(found).toHaveLength(3);
  });
});

describe("the registry", () => {
  it("gives the model of a name that is taken", async () => {
    const server = await startFake();
    server.fault = ({ path }) =>
      path.endsWith("create")
        ? { status: 400, body: '{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "exists"}' }
        : json({ registered_model: { name: "m", aliases: [{ alias: "champion", version: "2" }] } });
    const found = await clientOf(server.uri).registry.createOrGetModel("m");
    expect(found).toMatchObject({ name: "m", description: "", aliases: { champion: "2" } });
  });

  it("makes versions and points aliases at them", async () => {
    const server = await startFake();
    server.fault = ({ path }) =>
      json(path.endsWith("create") ? { model_version: { name: "m", version: "1", status: "READY" } } : {});
    const { registry } = clientOf(server.uri);
    const made = await registry.createVersion({ name: "m", source: "models:/m-1", modelId: "m-1" });
    await registry.setAlias("m", "champion", made.version);
    expect(server.bodies("alias")).toEqual([{ name: "m", alias: "champion", version: "1" }]);
  });
});
