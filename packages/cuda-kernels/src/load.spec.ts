import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test } from "vitest";

import { defaultThreads, loadAddon, loadBackend, threadsFromEnvironment } from "./load.js";
import { probeThreads } from "./probe.js";
import { failureOf } from "./testing/failure.js";

afterEach(() => {
  delete process.env["DUALPATH_THREADS"];
});

test("the backend says what it is and lists its ops", () => {
  const backend = loadBackend({ device: "cpu" });
  expect(backend.kind).toBe("cpu");
  expect(backend.reason).toBeUndefined();
  expect(backend.versions()).toHaveProperty("oneDNN");
  const names = backend.opNames();
  expect(names).toEqual([...names].sort());
  expect(names).toEqual(expect.arrayContaining(["conv2d", "matmul", "batchNorm", "relu", "sgd"]));
});

test("a device that was asked for by name and is not there is an error", async () => {
  const failure = await failureOf(() => loadBackend({ device: "cuda:999" }));
  expect(failure.code).toBe("DEVICE");
  expect(failure.message).toMatch(
    /^device 'cuda:999': expected a CUDA device, got (none; cuda: .+|cuda:0 .+)$/,
  );
});

test("without a device of its own choice auto takes the CPU and says why", () => {
  const backend = loadBackend();
  expect(backend.reason).toMatch(backend.kind === "cuda" ? /^cuda:0 / : /^cuda: .*expected/);
});

test("a name that is no device is refused", async () => {
  const failure = await failureOf(() => loadBackend({ device: "cuda:first" as "cuda:1" }));
  expect(failure.message).toBe(
    "device: expected auto, cpu, cuda or cuda:<number>, got 'cuda:first'; choose one of these",
  );
});

test("a missing binary is an error with the command that builds it", async () => {
  const failure = await failureOf(() => loadAddon("/nowhere/dualpath.node"));
  expect(failure.code).toBe("DEVICE");
  expect(failure.message).toBe(
    "native addon: expected /nowhere/dualpath.node, got no such file; build it with `npx nx run cuda-kernels:build-native`",
  );
});

test("a binary that does not load is an error with its reason", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dualpath-"));
  const path = join(folder, "dualpath.node");
  writeFileSync(path, "not a library");
  const failure = await failureOf(() => loadAddon(path));
  rmSync(folder, { recursive: true });
  expect(failure.code).toBe("DEVICE");
  expect(failure.message).toMatch(/to load, got '.+'; build it with/);
});

test("DUALPATH_THREADS sets the pool, and must be a whole number", async () => {
  process.env["DUALPATH_THREADS"] = "1";
  const store = loadBackend().createStore({ device: "cpu" });
  expect(store.threads).toBe(1);
  await store.dispose();
  process.env["DUALPATH_THREADS"] = "many";
  const failure = await failureOf(() => threadsFromEnvironment());
  expect(failure.message).toBe("DUALPATH_THREADS: expected a whole number of at least 1, got 'many'");
});

test("a Store that names no number has the default threads, which nothing is loaded to find out", async () => {
  const module = new URL("../dist/index.js", import.meta.url).href;
  const script = `
    const { defaultThreads } = await import(${JSON.stringify(module)});
    const threads = defaultThreads();
    const loaded = (await import("node:fs")).readFileSync("/proc/self/maps", "utf8").includes("dualpath.node");
    console.log(JSON.stringify({ threads, loaded }));`;
  const answer = execFileSync("taskset", ["--cpu-list", "0", process.execPath, "-e", script], {
    encoding: "utf8",
  });
  expect(JSON.parse(answer)).toEqual({ threads: 1, loaded: false });
  const store = loadBackend({ device: "cpu" }).createStore({ device: "cpu" });
  expect(defaultThreads()).toBe(store.threads);
  await store.dispose();
  process.env["DUALPATH_THREADS"] = "3";
  expect(defaultThreads()).toBe(3);
});

test("a binary that cannot say how many cores there are answers with a reason", () => {
  expect(probeThreads("/nowhere/dualpath.node")).toMatchObject({
    reason: expect.stringContaining("Cannot find module '/nowhere/dualpath.node'"),
  });
});
