import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect, test } from "vitest";

import { loadBackend } from "./load.js";
import { probeCuda } from "./probe.js";

// The CUDA binary, as far as a machine without a device can tell. Devices are hidden, so that it is the same with one.

const binary = fileURLToPath(new URL("../build-cuda/Release/dualpath.node", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dualpath-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** What an expression over the binary's exports gives in a process of its own. */
function inChild(expression: string): unknown {
  const script = `const addon = require(process.argv[1]); console.log(JSON.stringify(${expression}))`;
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: "" };
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script, binary], { encoding: "utf8", env });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const refusal = (call: string): string =>
  `(() => { try { ${call}; return "success"; } catch (error) { return [error.code, error.message]; } })()`;

const noDevice =
  /^cuda: (driver: expected one for CUDA 1[23]\.\d+ or later, got |device: expected at least one)/;

test("the CUDA binary loads without a driver and lists the same ops as the CPU's", () => {
  expect(inChild("addon.kind")).toBe("cuda");
  expect(inChild("addon.operations()")).toEqual(loadBackend({ device: "cpu" }).opNames());
});

test("it says what it was built with and what it loaded", () => {
  const versions = inChild("addon.versions()") as Record<string, string>;
  expect(versions["CUDA"]).toMatch(/^1[23]\.\d+$/);
  expect(versions["cuDNN"]).toMatch(/^9\.\d+\.\d+$/);
  expect(versions["cuBLASLt"]).toMatch(/^1[23]\.\d+\.\d+$/);
});

test("it refuses devices and stores with the reason and a code", () => {
  for (const call of ["addon.devices()", "new addon.Store(1, 0)"]) {
    const [code, message] = inChild(refusal(call)) as [string, string];
    expect(code).toBe("DEVICE");
    expect(message).toMatch(noDevice);
  }
});

test("a probe of a missing binary names the command that builds it", () => {
  expect(probeCuda(join(folder, "absent.node"))).toEqual({
    devices: [],
    reason: "this build has no CUDA binary; build it with `npx nx run cuda-kernels:build-cuda`",
  });
});

test("a probe of a binary that crashes says how its process ended", () => {
  const crashing = join(folder, "crashing.js");
  writeFileSync(crashing, "process.kill(process.pid, 'SIGSEGV'); while (true);");
  expect(probeCuda(crashing).reason).toBe(
    "the CUDA binary could not be probed: its process ended with SIGSEGV",
  );
});

test("a probe of a binary whose library is missing names the library", () => {
  const unlinked = join(folder, "unlinked.js");
  writeFileSync(
    unlinked,
    "throw new Error('libcudnn.so.9: cannot open shared object file: No such file or directory')",
  );
  expect(probeCuda(unlinked).reason).toBe(
    "cuda: library libcudnn.so.9: expected it to load, got no such file; install CUDA and cuDNN 9, or add their " +
      "folder to LD_LIBRARY_PATH",
  );
});

test("the build leaves a list of every kernel's registers beside the binary", () => {
  const list = join(binary, "../../resources.txt");
  expect(existsSync(list)).toBe(true);
  const rows = readFileSync(list, "utf8").trim().split("\n");
  expect(rows.length).toBeGreaterThan(100);
  for (const row of rows) expect(row).toMatch(/^ *\d+ +\d+ +\d+ \S.* sm_(80|90)$/);
});
