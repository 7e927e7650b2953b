// A Python environment of the project's own below `.dualpath`, made of a list of pinned packages.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lastWords, run, setUpOnce, SetupFailure } from "./once.mjs";

const python = process.env.DUALPATH_PYTHON3 ?? "python3";
const OLDEST_PYTHON = [3, 10];

function pythonVersion(title) {
  const probe = run(python, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  if (probe.error || probe.status !== 0) {
    throw new SetupFailure(
      `Python 3 was not found (tried '${python}'). ${title} needs it: install the packages python3 and ` +
        "python3-venv (Debian, Ubuntu: apt-get install python3 python3-venv), or name one in DUALPATH_PYTHON3.",
    );
  }
  const version = probe.stdout.trim();
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])) {
    throw new SetupFailure(
      `'${python}' is Python ${version}; ${title} needs at least ${OLDEST_PYTHON.join(".")}. Install a newer ` +
        "python3 with python3-venv, or name one in DUALPATH_PYTHON3.",
    );
  }
  return version;
}

function makeEnvironment(environment) {
  const made = run(python, ["-m", "venv", "--clear", environment]);
  if (made.status === 0) return;
  const output = `${made.stdout}${made.stderr}`;
  const remedy = /ensurepip|venv/.test(output)
    ? "Install the package python3-venv (Debian, Ubuntu: apt-get install python3-venv) and try again."
    : `Python said: ${output.trim().split("\n").at(-1)}`;
  throw new SetupFailure(`a virtual environment could not be made in ${environment}. ${remedy}`);
}

function installRequirements(environment, requirements) {
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q", "-r", requirements];
  const installed = run(join(environment, "bin", "python"), pip);
  if (installed.status === 0) return;
  throw new SetupFailure(
    `pip could not install ${readFileSync(requirements, "utf8").trim()} into ${environment}: ` +
      `${lastWords(installed)} Check the network and pip's settings, then run the same command again.`,
  );
}

/** Makes the environment unless it is there with these requirements; `program` is a command that it must hold. */
export function setUpPython({ title, environment, requirements, program }) {
  const wanted = JSON.stringify({
    requirements: readFileSync(requirements, "utf8").trim().split("\n"),
    python: pythonVersion(title),
  });
  const make = () => {
    makeEnvironment(environment);
    installRequirements(environment, requirements);
  };
  setUpOnce({ title, folder: environment, wanted, program: join("bin", program), make });
}
