import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect, test } from "vitest";

const scriptOf = (name: string): string =>
  fileURLToPath(new URL(`../../../tools/native/${name}.mjs`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dualpath-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** Programs that do no more than print their version. */
const versions = { "c++": "12", cmake: "cmake version 3.25.1", ninja: "1.11.1", python3: "Python 3.11.2" };

/** Runs the build where only these programs are installed. */
function buildWith(
  programs: readonly (keyof typeof versions)[],
  environment: Readonly<Record<string, string>> = {},
  script = "build",
): { status: number | null; stderr: string } {
  const path = mkdtempSync(join(folder, "path-"));
  for (const program of programs) {
    writeFileSync(join(path, program), `#!/bin/sh\necho "${versions[program]}"\n`);
    chmodSync(join(path, program), 0o755);
  }
  const env = { PATH: path, ...environment };
  return spawnSync(process.execPath, [scriptOf(script)], { env, encoding: "utf8" });
}

test("a missing compiler is named with the package to install", () => {
  const { status, stderr } = buildWith([]);
  expect(status).toBe(1);
  expect(stderr).toBe(
    "native build: A C++ compiler ('c++') was not found; the addon is C++20. " +
      "Install it (Debian, Ubuntu: apt-get install g++ make) and run the same command again.\n",
  );
});

test("missing CMake and make are named with the packages to install", () => {
  expect(buildWith(["c++"]).stderr).toContain("CMake was not found; it builds the addon. Install it");
  expect(buildWith(["c++", "cmake"]).stderr).toContain("apt-get install make");
});

/** The versions that a native build's cached result depends on. */
function versionsWith(environment: Readonly<Record<string, string>>): string {
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [scriptOf("versions")], { env, encoding: "utf8" }).stdout;
}

test("another compiler, or another version of the same, and another oneDNN are other versions", () => {
  const compiler = join(folder, "own-c++");
  const versions = ["c++ 12", "c++ 13"].map((version) => {
    writeFileSync(compiler, `#!/bin/sh\necho "${version}"\n`);
    chmodSync(compiler, 0o755);
    return versionsWith({ CXX: compiler });
  });
  expect(versions.map((text) => text.split("\n")[0])).toEqual([`${compiler}: c++ 12`, `${compiler}: c++ 13`]);
  expect(versionsWith({ CXX: "/nowhere/c++", CXXFLAGS: "-O1" })).toContain("/nowhere/c++ -O1: none\n");
  const root = mkdtempSync(join(folder, "dnnl-"));
  const include = join(root, "include/oneapi/dnnl");
  mkdirSync(include, { recursive: true });
  const parts = ["MAJOR 2", "MINOR 7", "PATCH 4", 'HASH  "abc"'].map(
    (part) => `#define DNNL_VERSION_${part}\n`,
  );
  writeFileSync(join(include, "dnnl_version.h"), parts.join(""));
  expect(versionsWith({ DNNL_ROOT: root })).toContain("oneDNN: 2.7.4 abc\n");
});

/** Asks for a Python with pip where the Python is a shell script; prints it, or why there is none. */
function pipOf(python: string): string {
  const place = mkdtempSync(join(folder, "pip-"));
  const stand = join(place, "python3");
  writeFileSync(stand, `#!/bin/sh\n${python}\n`);
  chmodSync(stand, 0o755);
  const script = `import { providePip } from ${JSON.stringify(scriptOf("toolchain"))};
    try { console.log(providePip("it is asked for", process.argv[1])); } catch ({ message }) { console.log(message); }`;
  const env = { ...process.env, DUALPATH_PYTHON3: stand };
  const parameters = ["--input-type=module", "-e", script, place];
  const { stdout } = spawnSync(process.execPath, parameters, { env, encoding: "utf8" });
  return stdout.trim().replaceAll(place, "");
}

test("a Python without pip gets it in an environment, for which venv is named where it is missing", () => {
  expect(pipOf("exit 0")).toBe("/python3");
  expect(pipOf('[ "$2" != pip ]')).toBe("/python/bin/python");
  expect(pipOf('[ "$1" = --version ]')).toBe(
    "venv of '/python3' was not found; it is asked for. " +
      "Install it (Debian, Ubuntu: apt-get install python3-venv) and run the same command again.",
  );
  expect(pipOf("exit 1")).toContain("apt-get install python3 python3-venv");
});

test("a DNNL_ROOT without oneDNN is named with what it should hold", () => {
  const { status, stderr } = buildWith(["c++", "cmake", "ninja"], { DNNL_ROOT: folder });
  expect(status).toBe(1);
  expect(stderr).toContain(`DNNL_ROOT: expected oneDNN's include/ and lib/ below ${folder}`);
});

test("a DNNL_ROOT with another major version is refused", () => {
  const include = join(folder, "include/oneapi/dnnl");
  mkdirSync(include, { recursive: true });
  writeFileSync(join(include, "dnnl_version.h"), "#define DNNL_VERSION_MAJOR 3\n");
  const { stderr } = buildWith(["c++", "cmake", "ninja"], { DNNL_ROOT: folder });
  expect(stderr).toContain(`DNNL_ROOT: expected oneDNN 2.x in ${folder}, got version 3`);
});

test("a CUDA that is too old is named, and the pinned wheels take its place", () => {
  const old = mkdtempSync(join(folder, "cuda-"));
  mkdirSync(join(old, "bin"));
  writeFileSync(join(old, "bin/nvcc"), "#!/bin/sh\necho 'Cuda compilation tools, release 11.8, V11.8.89'\n");
  chmodSync(join(old, "bin/nvcc"), 0o755);
  const { status, stderr } = buildWith([], { CUDA_HOME: old }, "build-cuda");
  expect(status).toBe(1);
  expect(stderr).toContain(`CUDA of this machine: CUDA 11 in ${old}; using the pinned wheels`);
});
