import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";

import { BuildFailure } from "../native/failure.mjs";

const root = resolve(import.meta.dirname, "../..");
const MOST_BYTES = 60e6;

/** What a run needs, as it lies in the checkout. Libraries of CUDA and cuDNN are the other machine's. */
const COPIED = [
  "packages/cuda-kernels/package.json",
  "packages/cuda-kernels/dist",
  "packages/cuda-kernels/build/Release/dualpath.node",
  "packages/cuda-kernels/build/Release/libdnnl.so.2",
  "packages/cuda-kernels/build-cuda/Release/dualpath.node",
  "packages/core/package.json",
  "packages/core/fixtures/ten-steps.json",
  "benchmarks/peers/gpu.py",
  "benchmarks/peers/models.py",
];

const LINKED = { core: "packages/core", "cuda-kernels": "packages/cuda-kernels" };

function copy(bundle, path) {
  const from = join(root, path);
  if (!existsSync(from))
    throw new BuildFailure(`${path} is missing; run this through nx, which builds it first`);
  mkdirSync(dirname(join(bundle, path)), { recursive: true });
  cpSync(from, join(bundle, path), { recursive: true });
}

/** Cases, goldens and the suite lie beside core's sources and are no part of its build: they are bundled here. */
async function bundleSuite(bundle) {
  const source = join(root, "packages/core/src/testing/gpu-suite");
  const input = readdirSync(source)
    .filter((name) => !name.endsWith(".spec.ts"))
    .map((name) => join(source, name));
  const suite = await rolldown({ input, platform: "node", external: ["@dualpath/cuda-kernels"] });
  const dir = join(bundle, "packages/core/dist/testing/gpu-suite");
  await suite.write({ dir, format: "esm", entryFileNames: "[name].js" });
}

function link(bundle) {
  const scope = join(bundle, "node_modules/@dualpath");
  mkdirSync(scope, { recursive: true });
  for (const [name, path] of Object.entries(LINKED))
    symlinkSync(relative(scope, join(bundle, path)), join(scope, name));
}

/** Makes the folder of the bundle and its archive, and returns the archive's path. */
export async function pack(folder) {
  const bundle = join(folder, "dualpath-gpu-suite");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bundle, { recursive: true });
  for (const path of COPIED) copy(bundle, path);
  await bundleSuite(bundle);
  link(bundle);
  copyFileSync(process.execPath, join(bundle, "node"));
  copyFileSync(join(import.meta.dirname, "run.sh"), join(bundle, "run.sh"));
  const archive = `${bundle}.tar.gz`;
  const { status, error } = spawnSync("tar", ["-czf", archive, "-C", folder, "dualpath-gpu-suite"]);
  if (status !== 0) throw new BuildFailure(`tar could not pack the bundle: ${error?.message ?? status}`);
  rmSync(bundle, { recursive: true });
  const { size } = statSync(archive);
  if (size > MOST_BYTES)
    throw new BuildFailure(`${archive}: expected at most ${MOST_BYTES} bytes, got ${size}`);
  return { archive, size };
}
