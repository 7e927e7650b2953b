import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MlflowArtifactError } from "./errors.js";
import { clientOf, startFake, temporaryDirectory } from "./testing/setup.js";

const root = "mlflow-artifacts:/1/run1/artifacts";

describe("artifacts behind the server", () => {
  it("are written from memory and from files and read back", async () => {
    const { uri, store } = await startFake();
    const { artifacts } = clientOf(uri);
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "weights"), Buffer.alloc(300_000, 7));
    await artifacts.putText(root, "config.yaml", "a: 1");
    await artifacts.put({ info: { artifactUri: root } }, "deep/weights.bin", {
      file: join(directory, "weights"),
    });
    expect(store.files.get("1/run1/artifacts/deep/weights.bin")).toHaveLength(300_000);
    expect((await artifacts.get(root, "config.yaml")).toString()).toBe("a: 1");
    await artifacts.download(root, "config.yaml", join(directory, "new/config.yaml"));
    expect(readFileSync(join(directory, "new/config.yaml"), "utf8")).toBe("a: 1");
  });

  it("have every part of their path encoded", async () => {
    const server = await startFake();
    await clientOf(server.uri).artifacts.putText(root, "images/a b+step+1.png", "x");
    expect(server.requests[0]?.path).toBe(
      "/api/2.0/mlflow-artifacts/artifacts/1/run1/artifacts/images/a%20b%2Bstep%2B1.png",
    );
    expect([...server.store.files.keys()]).toEqual(["1/run1/artifacts/images/a b+step+1.png"]);
  });

  it("are listed with paths from the root", async () => {
    const { uri } = await startFake();
    const { artifacts } = clientOf(uri);
    await artifacts.putText(root, "deep/one.txt", "1");
    await artifacts.putText(root, "deep/er/two.txt", "22");
    expect(await artifacts.list(root)).toEqual([{ path: "deep", isDirectory: true, size: undefined }]);
    expect(await artifacts.list(root, "deep")).toEqual([
      { path: "deep/er", isDirectory: true, size: undefined },
      { path: "deep/one.txt", isDirectory: false, size: 1 },
    ]);
  });

  it("are sent again from the start when a connection breaks", async () => {
    const server = await startFake();
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "content");
    server.failNext("file.txt", "drop");
    await clientOf(server.uri).artifacts.put(root, "file.txt", { file });
    expect(server.store.files.get("1/run1/artifacts/file.txt")?.toString()).toBe("content");
  });

  it("are uploaded as a folder", async () => {
    const { uri, store } = await startFake();
    const folder = temporaryDirectory();
    mkdirSync(join(folder, "b"));
    writeFileSync(join(folder, "a.txt"), "a");
    writeFileSync(join(folder, "b/c.txt"), "");
    expect(await clientOf(uri).artifacts.putFolder(root, folder, "all")).toEqual([
      "all/a.txt",
      "all/b/c.txt",
    ]);
    expect(store.files.get("1/run1/artifacts/all/b/c.txt")).toHaveLength(0);
  });

  it("take an address of the server's own artifact route", async () => {
    const server = await startFake();
    const address = `${server.uri}/api/2.0/mlflow-artifacts/artifacts/9/x`;
    await clientOf(server.uri).artifacts.putText(address, "a.txt", "a");
    expect([...server.store.files.keys()]).toEqual(["9/x/a.txt"]);
  });

  it.each(["a#b", "50%.txt", "../a"])("refuse the path %s before the network", async (path) => {
    const server = await startFake();
    await expect(clientOf(server.uri).artifacts.putText(root, path, "")).rejects.toThrow(
      `artifact path '${path}'`,
    );
    expect(server.requests).toEqual([]);
  });

  it("name a local file that is missing", async () => {
    const server = await startFake();
    const call = clientOf(server.uri).artifacts.put(root, "a", { file: "/nonexistent/file" });
    await expect(call).rejects.toThrow(MlflowArtifactError);
    await expect(call).rejects.toThrow("/nonexistent/file");
  });
});

describe("artifacts in a folder", () => {
  it("are copied, listed and read when the server is on this machine", async () => {
    const { uri } = await startFake();
    const { artifacts } = clientOf(uri);
    const folder = join(temporaryDirectory(), "1/run/artifacts");
    await artifacts.putText(folder, "a/b.txt", "b");
    await artifacts.put(`file://${folder}`, "a/c.txt", { file: join(folder, "a/b.txt") });
    expect(readFileSync(join(folder, "a/c.txt"), "utf8")).toBe("b");
    expect((await artifacts.list(folder, "a")).map((file) => file.path).sort()).toEqual([
      "a/b.txt",
      "a/c.txt",
    ]);
    expect(await artifacts.list(folder, "none")).toEqual([]);
    expect((await artifacts.get(folder, "a/b.txt")).toString()).toBe("b");
  });

  it("are refused when the server is on another machine", async () => {
    const { artifacts } = clientOf("http://elsewhere.example:5000");
    const call = artifacts.putText("/nonexistent/1/run/artifacts", "a.txt", "a");
    await expect(call).rejects.toThrow("is on the server's machine (elsewhere.example)");
  });
});

describe("stores that need a cloud client", () => {
  it.each(["s3://bucket/1", "gs://bucket/1", "abfss://a@b/1", "dbfs:/a", ""])(
    "refuse %j",
    async (address) => {
      const server = await startFake();
      await expect(clientOf(server.uri).artifacts.putText(address, "a", "a")).rejects.toThrow(
        MlflowArtifactError,
      );
      expect(server.requests).toEqual([]);
    },
  );

  it("say how to start the server instead", async () => {
    const { artifacts } = clientOf("http://127.0.0.1:1");
    await expect(artifacts.get("s3://bucket/1", "a")).rejects.toThrow("--serve-artifacts");
  });
});

describe("logStepImage", () => {
  it("uploads the picture and its small version and tells the web page", async () => {
    const server = await startFake();
    server.store.createExperiment("emoji");
    const client = clientOf(server.uri);
    const run = await client.runs.create({ experimentId: "1" });
    await client.logStepImage(run, { key: "grid", step: 3, timestamp: 9, image: Buffer.from("png") });
    const names = [...server.store.files.keys()].map((path) => path.replace(/i[0-9a-f-]{36}/, "ID"));
    expect(names).toEqual([
      "1/run1/artifacts/images/grid+step+3+timestamp+9+ID.png",
      "1/run1/artifacts/images/grid+step+3+timestamp+9+ID+compressed.webp",
    ]);
    expect(server.store.run(run.info.runId).tags.get("mlflow.loggedImages")).toBe("True");
  });
});
