import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";

import { BuildFailure } from "./failure.mjs";
import { provideOneDnn } from "./onednn.mjs";
import { requireBuildTools } from "./toolchain.mjs";

export const project = resolve(import.meta.dirname, "../../packages/cuda-kernels");
export const build = resolve(project, "build");

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
function cmakeJs(command, parameters) {
  const program = createRequire(import.meta.url).resolve("cmake-js/bin/cmake-js");
  run(process.execPath, [program, command, "--directory", project, "--out", build, ...parameters]);
}

/** CMake refuses a build folder that was configured elsewhere, as a copied or moved checkout has one. */
function dropForeignBuild() {
  const cache = join(build, "CMakeCache.txt");
  if (
    !existsSync(cache) ||
    readFileSync(cache, "utf8").includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${project}\n`)
  )
    return;
  rmSync(build, { recursive: true });
}

/** Checks the tools, provides oneDNN, configures and builds one target of packages/cuda-kernels/CMakeLists.txt. */
export function buildTarget(target) {
  requireBuildTools();
  dropForeignBuild();
  cmakeJs("configure", [`--CDDNNL_ROOT=${provideOneDnn()}`, "--CDDUALPATH_TESTS=ON"]);
  cmakeJs("build", ["--target", target, "--parallel", String(availableParallelism())]);
}
