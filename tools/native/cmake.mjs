import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";

import { BuildFailure } from "./failure.mjs";
import { provideOneDnn } from "./onednn.mjs";
import { requireBuildTools, toolVersions } from "./toolchain.mjs";

export const project = resolve(import.meta.dirname, "../../packages/cuda-kernels");
export const build = resolve(project, "build");
export const cudaBuild = resolve(project, "build-cuda");
export const hostDeviceBuild = resolve(project, "build-host-device");

/** Runs a program in the package's folder with its output on the terminal. */
function run(program, parameters) {
  const { error, status, signal } = spawnSync(program, parameters, { cwd: project, stdio: "inherit" });
  if (error) throw new BuildFailure(`'${program}' did not start: ${error.message}`);
  if (status !== 0)
    throw new BuildFailure(
      `'${[program, ...parameters].join(" ")}' ended with ${signal ?? status}; see its output above`,
    );
}

/** cmake-js hands Node-API's headers to CMake, so that neither a network nor Node's own headers are needed. */
function cmakeJs(command, out, parameters) {
  const program = createRequire(import.meta.url).resolve("cmake-js/bin/cmake-js");
  run(process.execPath, [program, command, "--directory", project, "--out", out, ...parameters]);
}

const toolsFile = (out) => join(out, "dualpath-tools.txt");

/**
 * CMake refuses a build folder that was configured elsewhere, as a copied or moved checkout has one, and stays with the
 * compiler and flags that one was configured with.
 */
function dropForeignBuild(out, tools) {
  const cache = join(out, "CMakeCache.txt");
  if (!existsSync(cache)) return;
  const isHere = readFileSync(cache, "utf8").includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${project}\n`);
  const isSame = !existsSync(toolsFile(out)) || readFileSync(toolsFile(out), "utf8") === tools;
  if (!isHere || !isSame) rmSync(out, { recursive: true });
}

/** Configures packages/cuda-kernels/CMakeLists.txt with these definitions and builds one target of it. */
function configureAndBuild(out, definitions, target) {
  const values = Object.entries(definitions).map(([name, value]) => `--CD${name}=${value}`);
  const tools = toolVersions();
  dropForeignBuild(out, tools);
  cmakeJs("configure", out, values);
  writeFileSync(toolsFile(out), tools);
  cmakeJs("build", out, ["--target", target, "--parallel", String(availableParallelism())]);
}

/** Checks the tools, provides oneDNN, and builds a target of the CPU's binary. */
export function buildTarget(target) {
  requireBuildTools();
  configureAndBuild(build, { DNNL_ROOT: provideOneDnn(), DUALPATH_TESTS: "ON" }, target);
}

/** Builds the addon for CUDA with a toolkit of cuda.mjs. */
export function buildForCuda({ nvcc, includes, libraries, searchedAtRunTime }) {
  requireBuildTools();
  const definitions = {
    DUALPATH_NVCC: nvcc,
    DUALPATH_CUDA_INCLUDES: includes.join(";"),
    DUALPATH_CUDA_LIBRARIES: libraries.join(";"),
    DUALPATH_CUDA_RPATH: searchedAtRunTime.join(";"),
  };
  configureAndBuild(cudaBuild, definitions, "dualpath_addon");
}

/** Builds the addon whose CUDA device is played on the host. */
export function buildHostDevice({ includes }) {
  requireBuildTools();
  const definitions = { DUALPATH_HOST_DEVICE: "ON", DUALPATH_CUDA_INCLUDES: includes.join(";") };
  configureAndBuild(hostDeviceBuild, definitions, "dualpath_addon");
}
