import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { BuildFailure } from "./failure.mjs";

const OLDEST_CMAKE = [3, 20];
const OLDEST_GCC = 11;

/** Output of a program that ran well, else undefined. */
export function output(program, parameters) {
  const { error, status, stdout } = spawnSync(program, parameters, { encoding: "utf8" });
  return error || status !== 0 ? undefined : stdout;
}

function missing(what, purpose, packages) {
  return new BuildFailure(
    `${what} was not found; ${purpose}. Install it (Debian, Ubuntu: apt-get install ${packages}) and run the same ` +
      "command again.",
  );
}

/** The C++ compiler that CMake will take. */
function requireCompiler() {
  const compiler = process.env.CXX ?? "c++";
  const version = output(compiler, ["-dumpversion"]);
  if (version === undefined)
    throw missing(`A C++ compiler ('${compiler}')`, "the addon is C++20", "g++ make");
  const major = Number(version.split(".")[0]);
  const isGcc = !(output(compiler, ["--version"]) ?? "").includes("clang");
  if (isGcc && major < OLDEST_GCC)
    throw new BuildFailure(
      `'${compiler}' is g++ ${version.trim()}; C++20 needs at least ${OLDEST_GCC}. Install a newer g++ or name one in CXX.`,
    );
}

function requireCMake() {
  const version = /version (\d+)\.(\d+)/.exec(output("cmake", ["--version"]) ?? "");
  if (!version) throw missing("CMake", "it builds the addon", "cmake");
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < OLDEST_CMAKE[0] || (major === OLDEST_CMAKE[0] && minor < OLDEST_CMAKE[1]))
    throw new BuildFailure(
      `CMake is ${major}.${minor}; at least ${OLDEST_CMAKE.join(".")} is needed. Install a newer cmake.`,
    );
}

/** Checks all that a native build needs, each with the package that provides it. */
export function requireBuildTools() {
  requireCompiler();
  requireCMake();
  if (output("ninja", ["--version"]) === undefined && output("make", ["--version"]) === undefined)
    throw missing("make", "CMake drives it", "make");
}

/** Version of a oneDNN of one's own. */
function ownOneDnn(root) {
  const header = join(root, "include/oneapi/dnnl/dnnl_version.h");
  if (!existsSync(header)) return "none";
  const text = readFileSync(header, "utf8");
  const defined = (name) => new RegExp(`DNNL_VERSION_${name}\\s+"?(\\w+)`).exec(text)?.[1] ?? "?";
  return `${["MAJOR", "MINOR", "PATCH"].map(defined).join(".")} ${defined("HASH")}`;
}

/** The compiler that CMake will take and its flags, CMake, and oneDNN: what was built with others is built again. */
export function toolVersions() {
  const { CXX: compiler = "c++", CXXFLAGS: flags = "", DNNL_ROOT: root } = process.env;
  const versionOf = (program) => output(program, ["--version"])?.trim() ?? "none";
  return [
    `${compiler} ${flags}`.trim() + `: ${versionOf(compiler)}`,
    `cmake: ${versionOf("cmake")}`,
    `oneDNN: ${root ? ownOneDnn(root) : "pinned"}`,
  ].join("\n");
}

/**
 * A Python with pip, which downloads pinned wheels; needed once. Where the system's Python has none, as Debian's, one is
 * made in `folder`. `purpose` says what it is for, and what would do instead.
 */
export function providePip(purpose, folder) {
  const python = process.env.DUALPATH_PYTHON3 ?? "python3";
  if (output(python, ["--version"]) === undefined)
    throw missing(`Python 3 ('${python}')`, purpose, "python3 python3-venv");
  if (output(python, ["-m", "pip", "--version"]) !== undefined) return python;
  const environment = join(folder, "python");
  if (output(python, ["-m", "venv", environment]) === undefined)
    throw missing(`venv of '${python}'`, purpose, "python3-venv");
  return join(environment, "bin", "python");
}
