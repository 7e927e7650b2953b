import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { BuildFailure } from "./failure.mjs";
import { providePip } from "./toolchain.mjs";
import { unzip } from "./unzip.mjs";

const requirements = join(import.meta.dirname, "cuda-requirements.txt");
const store = resolve(import.meta.dirname, "../../.dualpath/cuda");

/** Where the pinned wheels are unpacked: cu13/ with compiler and run time, cudnn/, frontend/. */
export const wheelFolder = join(store, "13.0");
const stamp = join(wheelFolder, "unpacked.sha256");

/** pip has checked the wheels against their hashes; the stamp says which wheels were unpacked to the end. */
const wanted = () => createHash("sha256").update(readFileSync(requirements)).digest("hex");

const haveCudaWheels = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted();

/** Headers, compiler and libraries; of the frontend the headers alone. */
function place(name) {
  if (name.endsWith("/") || name.includes("/.metadata/")) return undefined;
  if (name.startsWith("nvidia/")) return name.slice("nvidia/".length);
  return name.startsWith("include/") ? join("frontend", name) : undefined;
}

function download(work, target) {
  const purpose = "it downloads CUDA's compiler and libraries once (or name a CUDA in CUDA_HOME)";
  const python = providePip(purpose, work);
  // The frontend's wheels hold the same headers for every version of Python: one is pinned.
  const platforms = ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64"].flatMap(
    (platform) => ["--platform", platform],
  );
  const older = ["--platform", "manylinux_2_12_x86_64", "--python-version", "3.11", "--implementation", "cp"];
  const pins = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", requirements, "-d", target];
  const quiet = ["-m", "pip", "download", "--disable-pip-version-check", "--no-input", "-q"];
  const { status, stderr } = spawnSync(python, [...quiet, ...platforms, ...older, ...pins], {
    encoding: "utf8",
  });
  if (status === 0) return;
  const reason = stderr.trim().split("\n").slice(-2).join(" ");
  throw new BuildFailure(
    `no CUDA 12 or 13 with cuDNN 9 was found, and pip could not download NVIDIA's wheels: ${reason} Install the ` +
      "CUDA toolkit and cuDNN 9 and name them in CUDA_HOME and CUDNN_HOME, or check the network and pip's settings.",
  );
}

function unpack(work) {
  const wheels = join(work, "wheels");
  const unpacked = join(work, "cuda");
  mkdirSync(wheels, { recursive: true });
  download(work, wheels);
  for (const name of readdirSync(wheels)) unzip(join(wheels, name), unpacked, place);
  writeFileSync(join(unpacked, "unpacked.sha256"), wanted());
  rmSync(wheelFolder, { recursive: true, force: true });
  renameSync(unpacked, wheelFolder);
}

/** Fetches NVIDIA's wheels and unpacks them into an ignored folder, unless they are there. */
export function provideCudaWheels() {
  if (haveCudaWheels()) return;
  const work = join(store, `work-${process.pid}`);
  console.error(`Fetching CUDA 13.0, cuBLAS and cuDNN 9 into ${wheelFolder} (once, 0.9 GB)`);
  try {
    unpack(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
