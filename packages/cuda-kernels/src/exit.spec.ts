import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect, test } from "vitest";

import { longPlan } from "./testing/plans.js";

const binary = fileURLToPath(new URL("../build/Release/dualpath.node", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dualpath-"));
const size = 256;
const links = 500;

afterAll(() => rmSync(folder, { recursive: true }));

/** A program that has a Store with a step of some hundred milliseconds under way. */
const busy = `
  const { Store } = require(${JSON.stringify(binary)});
  const plan = ${JSON.stringify(longPlan(size, links))};
  const zeros = new Float32Array(${size * size});
  async function start() {
    const store = new Store(2);
    await store.write("w", [${size}, ${size}], "f32", zeros);
    const program = await store.compile(plan);
    const step = program.step([zeros], new Float32Array(0));
    return { store, program, step };
  }
`;

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs a script in a new Node process; `onReady` is called when it prints "ready". */
function runScript(body: string, onReady?: (pid: number) => void): Promise<Ending> {
  const script = join(folder, "script.cjs");
  writeFileSync(script, busy + body);
  const child = spawn(process.execPath, [script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, GOMP_SPINCOUNT: "1000" },
  });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes("ready") && child.pid !== undefined) onReady?.(child.pid);
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, output })));
}

test("a script that awaits its step and disposes ends with 0", async () => {
  const ending = await runScript(
    `start().then(async ({ store, step }) => { await step; await store.dispose(); console.log("end"); });`,
  );
  expect(ending).toMatchObject({ code: 0, signal: null, output: "end\n" });
});

test("a script that forgets to dispose ends with 0 once its step is done", async () => {
  const ending = await runScript(`start().then(async ({ step }) => { await step; console.log("end"); });`);
  expect(ending).toMatchObject({ code: 0, signal: null, output: "end\n" });
});

test("process.exit in the middle of a step ends with its code", async () => {
  const ending = await runScript(`start().then(() => setTimeout(() => process.exit(7), 20));`);
  expect(ending).toMatchObject({ code: 7, signal: null, output: "" });
});

test("an uncaught error in the middle of a step ends with 1 and its message", async () => {
  const ending = await runScript(`start().then(() => setTimeout(() => { throw new Error("mine"); }, 20));`);
  expect(ending).toMatchObject({ code: 1, signal: null });
  expect(ending.output).toContain("Error: mine");
});

test("Ctrl-C in the middle of a step ends at once", async () => {
  const ending = await runScript(`start().then(() => console.log("ready"));`, (pid) =>
    process.kill(pid, "SIGINT"),
  );
  expect(ending).toMatchObject({ code: null, signal: "SIGINT" });
});

test("a handler of Ctrl-C may leave through process.exit", async () => {
  const ending = await runScript(
    `process.on("SIGINT", () => process.exit(130)); start().then(() => console.log("ready"));`,
    (pid) => process.kill(pid, "SIGINT"),
  );
  expect(ending).toMatchObject({ code: 130, signal: null });
});

test("worker threads load the addon, and end in the middle of a step", async () => {
  const ending = await runScript(`
    const { Worker, isMainThread, parentPort } = require("node:worker_threads");
    async function oneWorker() {
      const worker = new Worker(__filename);
      await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
      await worker.terminate();
    }
    async function both() {
      await oneWorker();
      await oneWorker();
      const { store, step } = await start();
      await step;
      await store.dispose();
      console.log("end");
    }
    if (isMainThread) both();
    else start().then(() => parentPort.postMessage("busy"));
  `);
  expect(ending).toMatchObject({ code: 0, signal: null, output: "end\n" });
});

test("stores that nobody refers to any more are collected without harm", async () => {
  const ending = await runScript(`
    require("node:v8").setFlagsFromString("--expose-gc");
    const collect = require("node:vm").runInNewContext("gc");
    async function cycle() {
      const { step } = await start();
      await step;
    }
    const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
    cycle().then(cycle).then(pause).then(collect).then(pause).then(() => console.log("end"));
  `);
  expect(ending).toMatchObject({ code: 0, signal: null, output: "end\n" });
});
