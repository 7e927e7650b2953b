import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { cudaBuild } from "./cmake.mjs";
import { provideCudaWheels, wheelFolder } from "./cuda-wheels.mjs";
import { BuildFailure } from "./failure.mjs";
import { output } from "./toolchain.mjs";

const MAJORS = ["12", "13"];

/** The first of the paths that exists. */
const present = (...paths) => paths.find((path) => existsSync(path));

function ownCuda() {
  const named = process.env.CUDA_HOME ?? process.env.CUDA_PATH;
  const onPath = output("sh", ["-c", "command -v nvcc"])?.trim();
  const roots = [named, onPath && dirname(dirname(onPath)), "/usr/local/cuda"].filter(Boolean);
  return roots.find((root) => existsSync(join(root, "bin/nvcc")));
}

function release(nvcc) {
  return /release (\d+)\.\d+/.exec(output(nvcc, ["--version"]) ?? "")?.[1];
}

/** The folder of cuDNN 9's headers and its library. */
function ownCudnn(cuda) {
  for (const root of [process.env.CUDNN_HOME, cuda, "/usr", "/usr/local"].filter(Boolean)) {
    const header = present(
      join(root, "include/cudnn_version.h"),
      join(root, "include/x86_64-linux-gnu/cudnn_version.h"),
    );
    const library = present(
      ...["lib64", "lib", "lib/x86_64-linux-gnu"].map((folder) => join(root, folder, "libcudnn.so.9")),
    );
    if (header && library && /CUDNN_MAJOR 9/.test(readFileSync(header, "utf8")))
      return { include: dirname(header), library };
  }
  return undefined;
}

/** A toolkit of this machine, or why none will do. */
function systemToolkit() {
  const cuda = ownCuda();
  if (!cuda) return { missing: "no nvcc" };
  const nvcc = join(cuda, "bin/nvcc");
  const major = release(nvcc);
  if (!MAJORS.includes(major)) return { missing: `CUDA ${major ?? "of unknown version"} in ${cuda}` };
  const cudnn = ownCudnn(cuda);
  if (!cudnn) return { missing: `CUDA ${major} in ${cuda} without cuDNN 9` };
  const frontend = present(
    ...["/usr/include", "/usr/local/include"].map((folder) => join(folder, "cudnn_frontend.h")),
  );
  if (!frontend) provideCudaWheels();
  const libraries = present(join(cuda, "lib64"), join(cuda, "lib"));
  return {
    nvcc,
    includes: [
      join(cuda, "include"),
      cudnn.include,
      frontend ? dirname(frontend) : join(wheelFolder, "frontend/include"),
    ],
    libraries: [
      present(join(libraries, `libcublasLt.so.${major}`), join(libraries, "libcublasLt.so")),
      cudnn.library,
      join(libraries, "libcudart_static.a"),
    ],
    searchedAtRunTime: [libraries, dirname(cudnn.library)],
    pinned: false,
  };
}

/** The pinned wheels. At run time they are searched relative to the addon, so that a checkout can move. */
function wheelToolkit() {
  provideCudaWheels();
  const [cuda, cudnn] = [join(wheelFolder, "cu13"), join(wheelFolder, "cudnn")];
  const addon = join(cudaBuild, "Release");
  return {
    nvcc: join(cuda, "bin/nvcc"),
    includes: [
      join(cuda, "include"),
      join(cuda, "include/cccl"),
      join(cudnn, "include"),
      join(wheelFolder, "frontend/include"),
    ],
    libraries: [
      join(cuda, "lib/libcublasLt.so.13"),
      join(cudnn, "lib/libcudnn.so.9"),
      join(cuda, "lib/libcudart_static.a"),
    ],
    searchedAtRunTime: [cuda, cudnn].map((root) => `$ORIGIN/${relative(addon, join(root, "lib"))}`),
    pinned: true,
  };
}

/** CUDA's compiler, headers and libraries: those of this machine, or the pinned wheels. */
export function provideCuda() {
  const own =
    process.env.DUALPATH_CUDA === "pinned" ? { missing: "pinned wheels asked for" } : systemToolkit();
  if (own.missing) console.error(`CUDA of this machine: ${own.missing}; using the pinned wheels`);
  const toolkit = own.missing ? wheelToolkit() : own;
  const absent = [toolkit.nvcc, ...toolkit.includes, ...toolkit.libraries].find(
    (path) => !path || !existsSync(path),
  );
  if (absent)
    throw new BuildFailure(`CUDA: expected ${absent}, got no such file; install the CUDA toolkit again`);
  return toolkit;
}
