import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../testing/temporary.js";
import { workspace } from "../workspace/root.js";

const script = join(workspace().root, "tools", "mlflow", "setup.mjs");

/** Runs the set-up with a stand-in for Python: a shell script. */
function setUp(folder: string, python: string) {
  const stand = join(folder, "python3");
  writeFileSync(stand, `#!/bin/sh\n${python}\n`);
  chmodSync(stand, 0o755);
  const environment = { ...process.env, DUALPATH_PYTHON3: stand, DUALPATH_MLFLOW_ENV: join(folder, "env") };
  return spawnSync(process.execPath, [script], { encoding: "utf8", env: environment });
}

const VERSION = 'if [ "$1" = "-c" ]; then echo 3.11; exit 0; fi';

describe("the set-up of the MLflow environment", () => {
  it("names the packages to install when there is no Python", () => {
    const environment = { ...process.env, DUALPATH_PYTHON3: "/no/python" };
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8", env: environment });
    expect(status).toBe(1);
    expect(stderr).toMatch(/Python 3 was not found.*install the packages python3 and python3-venv/);
  });

  it("refuses a Python that is too old", () => {
    const { status, stderr } = setUp(temporaryDirectory(), "echo 3.8");
    expect(status).toBe(1);
    expect(stderr).toContain("is Python 3.8; MLflow needs at least 3.10");
  });

  it("names python3-venv when a virtual environment cannot be made without it", () => {
    const folder = temporaryDirectory();
    const failing = `${VERSION}\necho "The virtual environment was not created: ensurepip is not available" >&2\nexit 1`;
    const { status, stderr } = setUp(folder, failing);
    expect(status).toBe(1);
    expect(stderr).toContain("Install the package python3-venv");
    expect(existsSync(join(folder, "env.lock"))).toBe(false);
  });

  it("says what pip said when the packages cannot be installed, and leaves no stamp", () => {
    const folder = temporaryDirectory();
    const venv = [
      VERSION,
      'mkdir -p "$4/bin"',
      'printf \'#!/bin/sh\\necho "no matching distribution" >&2\\nexit 1\\n\' > "$4/bin/python"',
      'chmod 755 "$4/bin/python"',
    ].join("\n");
    const { status, stderr } = setUp(folder, venv);
    expect(status).toBe(1);
    expect(stderr).toMatch(/pip could not install mlflow==3\.17\.2 .*no matching distribution/s);
    expect(existsSync(join(folder, "env", "dualpath-stamp.json"))).toBe(false);
  });

  it("does nothing when the stamp says that it is done", () => {
    const folder = temporaryDirectory();
    const environment = join(folder, "env");
    mkdirSync(join(environment, "bin"), { recursive: true });
    writeFileSync(join(environment, "bin", "mlflow"), "");
    const stamp = JSON.stringify({ requirements: ["mlflow==3.17.2"], python: "3.11" });
    writeFileSync(join(environment, "dualpath-stamp.json"), stamp);
    const { status, stdout } = setUp(folder, `${VERSION}\nexit 1`);
    expect(status).toBe(0);
    expect(stdout.trim()).toBe(environment);
  });
});
