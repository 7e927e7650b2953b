import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

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
  "packages/core/dist",
  "packages/core/fixtures/ten-steps.json",
  "node_modules/zod",
];

const LINKED = { core: "packages/core", "cuda-kernels": "packages/cuda-kernels" };

function copy(bundle, path) {
  const from = join(root, path);
  if (!existsSync(from))
    throw new BuildFailure(`${path} is missing; run this through nx, which builds it first`);
  mkdirSync(dirname(join(bundle, path)), { recursive: true });
  cpSync(from, join(bundle, path), { recursive: true });
}

/** Cases, goldens and the suite live beside the specs, which no build compiles: they are turned into JavaScript here. */
function transpile(bundle) {
  const source = join(root, "packages/core/src");
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && /\btesting\b/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name));
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  for (const file of files) {
    const target = join(bundle, "packages/core/dist", relative(source, file).replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions }).outputText);
  }
}

function link(bundle) {
  const scope = join(bundle, "node_modules/@dualpath");
  mkdirSync(scope, { recursive: true });
  for (const [name, path] of Object.entries(LINKED))
    symlinkSync(relative(scope, join(bundle, path)), join(scope, name));
}

/** Makes the folder of the bundle and its archive, and returns the archive's path. */
export function pack(folder) {
  const bundle = join(folder, "dualpath-gpu-suite");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bundle, { recursive: true });
  for (const path of COPIED) copy(bundle, path);
  transpile(bundle);
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
