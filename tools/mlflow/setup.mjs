#!/usr/bin/env node
// Makes the Python environment that serves MLflow, once: node tools/mlflow/setup.mjs
// It runs before anything is built, so it is plain JavaScript and needs only Node and Python 3.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const requirements = join(here, "requirements.txt");
const environment = resolve(process.env.DUALPATH_MLFLOW_ENV ?? join(root, ".dualpath", "mlflow-env"));
const stamp = join(environment, "dualpath-stamp.json");
const lock = `${environment}.lock`;
const python = process.env.DUALPATH_PYTHON3 ?? "python3";
const OLDEST_PYTHON = [3, 10];
const LOCK_WAIT_MILLISECONDS = 15 * 60_000;

class SetupFailure extends Error {}

function run(command, parameters, options = {}) {
  return spawnSync(command, parameters, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
}

function pythonVersion() {
  const probe = run(python, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  if (probe.error || probe.status !== 0) {
    throw new SetupFailure(
      `Python 3 was not found (tried '${python}'). MLflow needs it: install the packages python3 and ` +
        "python3-venv (Debian, Ubuntu: apt-get install python3 python3-venv), or name one in DUALPATH_PYTHON3.",
    );
  }
  const version = probe.stdout.trim();
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])) {
    throw new SetupFailure(
      `'${python}' is Python ${version}; MLflow needs at least ${OLDEST_PYTHON.join(".")}. Install a newer ` +
        "python3 with python3-venv, or name one in DUALPATH_PYTHON3.",
    );
  }
  return version;
}

function wanted(version) {
  return JSON.stringify({
    requirements: readFileSync(requirements, "utf8").trim().split("\n"),
    python: version,
  });
}

function ready(expected) {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === expected &&
    existsSync(join(environment, "bin", "mlflow"))
  );
}

function makeEnvironment() {
  const made = run(python, ["-m", "venv", "--clear", environment]);
  if (made.status === 0) return;
  const output = `${made.stdout}${made.stderr}`;
  const remedy = /ensurepip|venv/.test(output)
    ? "Install the package python3-venv (Debian, Ubuntu: apt-get install python3-venv) and try again."
    : `Python said: ${output.trim().split("\n").at(-1)}`;
  throw new SetupFailure(`a virtual environment could not be made in ${environment}. ${remedy}`);
}

function installRequirements() {
  const parameters = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "-q",
    "-r",
    requirements,
  ];
  const installed = run(join(environment, "bin", "python"), parameters);
  if (installed.status === 0) return;
  const lines = `${installed.stderr}${installed.stdout}`.trim().split("\n").slice(-3).join(" ");
  throw new SetupFailure(
    `pip could not install ${readFileSync(requirements, "utf8").trim()} into ${environment}: ${lines} ` +
      "Check the network and pip's settings, then run the same command again.",
  );
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function takeLock() {
  mkdirSync(dirname(environment), { recursive: true });
  const deadline = Date.now() + LOCK_WAIT_MILLISECONDS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = Number(readFileSync(lock, "utf8"));
    const age = Date.now() - statSync(lock).mtimeMs;
    if ((owner > 0 && !alive(owner)) || (owner === 0 && age > 5000)) rmSync(lock, { force: true });
    else if (Date.now() > deadline)
      throw new SetupFailure(`another set-up (process ${owner}) holds ${lock}.`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
}

function setUp() {
  const expected = wanted(pythonVersion());
  if (ready(expected)) return;
  takeLock();
  try {
    if (ready(expected)) return;
    console.error(`Setting up MLflow in ${environment} (once; this takes a minute or two)`);
    makeEnvironment();
    installRequirements();
    writeFileSync(stamp, expected);
  } finally {
    rmSync(lock, { force: true });
  }
}

try {
  setUp();
  console.log(environment);
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  console.error(`MLflow set-up: ${error.message}`);
  process.exitCode = 1;
}
