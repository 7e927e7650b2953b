import { describe, expect, it } from "vitest";
import { MlflowConnectionError, MlflowHttpError, MlflowReplyError } from "./errors.js";
import { clientOf, startFake } from "./testing/setup.js";

async function failureOf(work: Promise<unknown>): Promise<MlflowHttpError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MlflowHttpError) return error;
  throw new Error(`expected an MlflowHttpError, got ${String(error)}`);
}

describe("repetition", () => {
  it.each([408, 429, 500, 502, 503, 504])(
    "repeats a request answered with %i until it succeeds",
    async (status) => {
      const server = await startFake();
      server.failNext("experiments/search", { status, body: "busy", type: "text/plain" }, 2);
      const client = clientOf(server.uri);
      for await (const experiment of client.experiments.search()) expect(experiment).toBeUndefined();
      expect(server.calls("experiments/search")).toHaveLength(3);
    },
  );

  it.each([400, 401, 403, 404, 409, 501])("never repeats a request answered with %i", async (status) => {
    const server = await startFake();
    server.failNext("runs/get", { status, body: "{}" }, 10);
    const error = await failureOf(clientOf(server.uri).runs.get("a"));
    expect(error.status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  it("gives up after the configured number of repetitions", async () => {
    const server = await startFake();
    server.failNext("runs/get", { status: 503, body: "" }, 100);
    const error = await failureOf(clientOf(server.uri, { retries: 2 }).runs.get("a"));
    expect(error.status).toBe(503);
    expect(server.requests).toHaveLength(3);
  });

  it("waits as long as Retry-After asks", async () => {
    const server = await startFake();
    server.failNext("/version", { status: 429, headers: { "Retry-After": "1" } });
    const start = performance.now();
    expect(await clientOf(server.uri).version()).toBe("3.17.2");
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  it("repeats after a broken connection", async () => {
    const server = await startFake();
    server.failNext("/version", "drop", 2);
    expect(await clientOf(server.uri).version()).toBe("3.17.2");
    expect(server.requests).toHaveLength(3);
  });

  it("names the address and the reason when no server is there", async () => {
    const server = await startFake();
    await server.stop();
    const call = clientOf(server.uri, { retries: 0 }).runs.get("a");
    await expect(call).rejects.toThrow(MlflowConnectionError);
    await expect(call).rejects.toThrow(`cannot reach ${server.uri}: connect ECONNREFUSED`);
  });

  it("gives up on a silent server after the time-out", async () => {
    const server = await startFake();
    server.failNext("/version", "hang");
    const call = clientOf(server.uri, { retries: 0, timeoutMilliseconds: 60 }).version();
    await expect(call).rejects.toMatchObject({ code: "CONNECTION", reason: "TIMEOUT" });
  });
});

describe("abortion", () => {
  it("ends a call in flight with the signal's reason", async () => {
    const server = await startFake();
    server.failNext("/version", "hang");
    const stop = new AbortController();
    const call = clientOf(server.uri).version({ signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await expect(call).rejects.toThrow("enough");
  });

  it("ends the wait between attempts", async () => {
    const server = await startFake();
    server.failNext("/version", { status: 503, headers: { "Retry-After": "60" } }, 5);
    const call = clientOf(server.uri).version({ signal: AbortSignal.timeout(30) });
    await expect(call).rejects.toThrow(/timeout/i);
    expect(server.requests).toHaveLength(1);
  });
});

describe("failed replies", () => {
  it("carries MLflow's error code and message", async () => {
    const server = await startFake();
    const error = await failureOf(clientOf(server.uri).runs.get("nothing"));
    expect(error.errorCode).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(error.message).toBe(
      "MLflow GET /api/2.0/mlflow/runs/get: 404 RESOURCE_DOES_NOT_EXIST: Run with id=nothing not found",
    );
  });

  it("reads the title of an HTML page and points to the tracking URI's path", async () => {
    const server = await startFake();
    const error = await failureOf(clientOf(`${server.uri}/wrong`).runs.get("a"));
    expect(error.errorCode).toBeUndefined();
    expect(error.serverMessage).toBe("404 Not Found");
    expect(error.message).toContain("check the path of the tracking URI");
  });

  it("points to the credentials when the server wants some", async () => {
    const server = await startFake();
    const body = "You are not authenticated. Please see the docs.";
    server.failNext("runs/get", { status: 401, type: "text/plain", body });
    const error = await failureOf(clientOf(server.uri).runs.get("a"));
    expect(error.message).toContain("You are not authenticated");
    expect(error.message).toContain("MLFLOW_TRACKING_USERNAME");
  });

  it("points to --allowed-hosts when the host name is refused", async () => {
    const server = await startFake();
    const body = "Invalid Host header - possible DNS rebinding attack detected";
    server.failNext("runs/get", { status: 403, type: "text/plain", body });
    const error = await failureOf(clientOf(server.uri).runs.get("a"));
    expect(error.message).toContain(body);
    expect(error.message).toContain("--allowed-hosts");
  });

  it("does not follow a redirection but says where it leads", async () => {
    const server = await startFake();
    server.failNext("runs/get", { status: 308, headers: { Location: "https://elsewhere.example/" } });
    const error = await failureOf(clientOf(server.uri).runs.get("a"));
    expect(error.message).toContain("redirects to https://elsewhere.example/");
  });

  it("refuses a page of something else that answers 200", async () => {
    const server = await startFake();
    server.failNext("runs/get", { status: 200, type: "text/html", body: "<html>Log in</html>" });
    await expect(clientOf(server.uri).runs.get("a")).rejects.toThrow("is this an MLflow server?");
  });

  it("names the field that a reply lacks", async () => {
    const server = await startFake();
    server.failNext("runs/get", { status: 200, body: '{"run": {"info": {}}}' });
    const call = clientOf(server.uri).runs.get("a");
    await expect(call).rejects.toThrow(MlflowReplyError);
    await expect(call).rejects.toThrow("run.info.runId");
  });
});

describe("headers", () => {
  it("sends user name and password, which win over a token", async () => {
    const server = await startFake();
    await clientOf(server.uri, { username: "ada", password: "p:w", token: "t" }).version();
    expect(server.requests[0]?.headers.authorization).toBe("Basic " + btoa("ada:p:w"));
  });

  it("sends a token and the workspace", async () => {
    const server = await startFake();
    await clientOf(server.uri, { token: "t", workspace: "vision" }).version();
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: "Bearer t",
      "x-mlflow-workspace": "vision",
    });
  });

  it("keeps the path prefix of the tracking URI", async () => {
    const server = await startFake();
    server.failNext("/version", { status: 200, body: "1" });
    await clientOf(`${server.uri}/tools/mlflow/`).version();
    expect(server.requests[0]?.path).toBe("/tools/mlflow/version");
  });
});

describe("health", () => {
  it("is true for a server that answers and false for one that does not", async () => {
    const server = await startFake();
    const client = clientOf(server.uri);
    expect(await client.isHealthy()).toBe(true);
    await server.stop();
    expect(await client.isHealthy()).toBe(false);
  });
});
