// Provides oneDNN 2.6: unpacks the pinned wheels once into .dualpath/onednn, without root.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";

import { BuildFailure } from "./failure.mjs";
import { providePip } from "./toolchain.mjs";
import { unzip } from "./unzip.mjs";

const here = import.meta.dirname;
const store = resolve(here, "../../.dualpath/onednn");
const requirements = join(here, "onednn-requirements.txt");
const folder = join(store, "2.6.0");

/** Of what is unpacked, see digest(). */
const EXPECTED_DIGEST = "0c2634397336cbae6e4b55ea6097692d3d30ce09dc24bf0d32de323392562c9e";

function files(root, below = "") {
  return readdirSync(join(root, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? files(root, path) : entry.isFile() ? [path] : [];
    })
    .sort();
}

/** SHA-256 over names and contents of all files, in the order of their names. */
export function digest(root) {
  const hash = createHash("sha256");
  for (const path of files(root)) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

/** Where an entry of the wheels goes; the library is packed three times under three names. */
function place(name) {
  const path = /\.data\/data\/(.*)$/.exec(name)?.[1];
  if (path === undefined || path.endsWith("/")) return undefined;
  if (path.startsWith("lib/")) return path === "lib/libdnnl.so.2" ? path : undefined;
  return path;
}

function download(work, target) {
  const purpose = "it downloads oneDNN once (or name an unpacked oneDNN 2.x in DNNL_ROOT)";
  const python = providePip(purpose, work);
  const parameters = [
    "-m",
    "pip",
    "download",
    "--disable-pip-version-check",
    "--no-input",
    "-q",
    "--no-deps",
  ];
  const pins = ["--only-binary=:all:", "--require-hashes", "-r", requirements, "-d", target];
  const { status, stderr } = spawnSync(python, [...parameters, ...pins], { encoding: "utf8" });
  if (status === 0) return;
  const reason = stderr.trim().split("\n").slice(-2).join(" ");
  throw new BuildFailure(
    `pip could not download the oneDNN wheels: ${reason} Check the network and pip's settings; on other processors ` +
      "than x86-64 install oneDNN 2.x yourself and name its folder in DNNL_ROOT.",
  );
}

function unpack() {
  const work = join(store, `work-${process.pid}`);
  const wheels = join(work, "wheels");
  const unpacked = join(work, "onednn");
  mkdirSync(wheels, { recursive: true });
  try {
    console.error(`Fetching oneDNN 2.6 into ${folder} (once)`);
    download(work, wheels);
    for (const name of readdirSync(wheels)) unzip(join(wheels, name), unpacked, place);
    const got = digest(unpacked);
    if (got !== EXPECTED_DIGEST)
      throw new BuildFailure(
        `oneDNN: expected files with SHA-256 ${EXPECTED_DIGEST}, got ${got}; the wheels were changed`,
      );
    symlinkSync("libdnnl.so.2", join(unpacked, "lib", "libdnnl.so"));
    rmSync(folder, { recursive: true, force: true });
    renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function checkOwn(root) {
  const header = join(root, "include/oneapi/dnnl/dnnl_version.h");
  if (!existsSync(header))
    throw new BuildFailure(`DNNL_ROOT: expected oneDNN's include/ and lib/ below ${root}, got no ${header}`);
  const major = /DNNL_VERSION_MAJOR (\d+)/.exec(readFileSync(header, "utf8"))?.[1];
  if (major !== "2")
    throw new BuildFailure(`DNNL_ROOT: expected oneDNN 2.x in ${root}, got version ${major}`);
  return root;
}

/** The folder with include/ and lib/: DNNL_ROOT, or the pinned wheels, fetched and checked when need be. */
export function provideOneDnn() {
  const own = process.env.DNNL_ROOT;
  if (own) return checkOwn(resolve(own));
  if (!existsSync(folder) || digest(folder) !== EXPECTED_DIGEST) unpack();
  return folder;
}
