import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MlflowSettingsError } from "./errors.js";
import { resolveSettings, targetFromEnvironment } from "./settings.js";
import { temporaryDirectory } from "./testing/setup.js";

const empty = { HOME: "/nonexistent" };

describe("resolveSettings", () => {
  it("takes MLflow's defaults when only the address is known", () => {
    expect(resolveSettings({}, { ...empty, MLFLOW_TRACKING_URI: "http://127.0.0.1:5000/" })).toEqual({
      uri: "http://127.0.0.1:5000",
      username: undefined,
      password: undefined,
      token: undefined,
      workspace: undefined,
      insecureTls: false,
      serverCertificatePath: undefined,
      timeoutMilliseconds: 120_000,
      retries: 7,
      backoffFactor: 2,
      backoffJitter: 1,
    });
  });

  it("reads every variable of the environment", () => {
    const environment = {
      ...empty,
      MLFLOW_TRACKING_URI: "https://mlflow.example/prefix/",
      MLFLOW_TRACKING_USERNAME: "ada",
      MLFLOW_TRACKING_PASSWORD: "secret",
      MLFLOW_TRACKING_TOKEN: "token",
      MLFLOW_TRACKING_INSECURE_TLS: "true",
      MLFLOW_TRACKING_SERVER_CERT_PATH: "/ca.pem",
      MLFLOW_WORKSPACE: "vision",
      MLFLOW_HTTP_REQUEST_TIMEOUT: "3",
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1",
      MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: "0.5",
      MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: "0",
    };
    expect(resolveSettings({}, environment)).toEqual({
      uri: "https://mlflow.example/prefix",
      username: "ada",
      password: "secret",
      token: "token",
      workspace: "vision",
      insecureTls: true,
      serverCertificatePath: "/ca.pem",
      timeoutMilliseconds: 3000,
      retries: 1,
      backoffFactor: 0.5,
      backoffJitter: 0,
    });
  });

  it("prefers options to the environment", () => {
    const environment = { ...empty, MLFLOW_TRACKING_URI: "http://a:1", MLFLOW_HTTP_REQUEST_MAX_RETRIES: "9" };
    expect(resolveSettings({ uri: "http://b:2", retries: 0 }, environment)).toMatchObject({
      uri: "http://b:2",
      retries: 0,
    });
  });

  it("moves credentials out of the address", () => {
    const settings = resolveSettings({ uri: "http://ada:p%40ss@host:5000" }, empty);
    expect(settings).toMatchObject({ uri: "http://host:5000", username: "ada", password: "p@ss" });
  });

  it("reads the credentials file when the environment names nobody", () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, ".mlflow"));
    const content = "[other]\nmlflow_tracking_username = eve\n[mlflow]\nmlflow_tracking_username = ada\n";
    writeFileSync(join(home, ".mlflow", "credentials"), `${content}mlflow_tracking_password = a=b\n`);
    const settings = resolveSettings({ uri: "http://host" }, { HOME: home });
    expect(settings).toMatchObject({ username: "ada", password: "a=b" });
  });

  it.each([
    "databricks",
    "databricks://profile",
    "sqlite:///mlflow.db",
    "file:///tmp/mlruns",
    "./mlruns",
    "ftp://a",
  ])("refuses the tracking URI %s", (uri) => {
    expect(() => resolveSettings({ uri }, empty)).toThrow(MlflowSettingsError);
    expect(() => resolveSettings({ uri }, empty)).toThrow("only http and https are supported");
  });

  it("says how to serve a store that is no server", () => {
    expect(() => resolveSettings({ uri: "sqlite:///mlflow.db" }, empty)).toThrow(
      "mlflow server --backend-store-uri",
    );
  });

  it("says which variable is missing", () => {
    expect(() => resolveSettings({}, empty)).toThrow("set MLFLOW_TRACKING_URI");
  });

  it("names a variable that should be a number", () => {
    const environment = { ...empty, MLFLOW_HTTP_REQUEST_TIMEOUT: "soon" };
    expect(() => resolveSettings({ uri: "http://a" }, environment)).toThrow(
      "MLFLOW_HTTP_REQUEST_TIMEOUT: expected a number of at least 0, got 'soon'",
    );
  });
});

describe("targetFromEnvironment", () => {
  it("treats empty variables as absent", () => {
    const environment = { MLFLOW_EXPERIMENT_NAME: "emoji", MLFLOW_EXPERIMENT_ID: "", MLFLOW_RUN_ID: "r" };
    expect(targetFromEnvironment(environment)).toEqual({
      experimentName: "emoji",
      experimentId: undefined,
      runId: "r",
    });
  });
});
