#!/usr/bin/env node
// Packs the GPU suite into one archive that needs no network, unpacks it elsewhere and runs it there, as it would run on
// a machine with a GPU. Without a device it runs as far as the driver, and says so.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { provideCuda } from "../native/cuda.mjs";
import { BuildFailure, reporting } from "../native/failure.mjs";
import { pack } from "./pack.mjs";

const folder = resolve(import.meta.dirname, "../../.dualpath/gpu-suite");
const NO_DEVICE = 2;

function unpackAndRun(archive, results) {
  const elsewhere = mkdtempSync(join(tmpdir(), "dualpath-gpu-"));
  try {
    const { status } = spawnSync("tar", ["-xzf", archive, "-C", elsewhere], { stdio: "inherit" });
    if (status !== 0) throw new BuildFailure(`${archive} could not be unpacked`);
    const script = join(elsewhere, "dualpath-gpu-suite/run.sh");
    const folders = [...new Set(provideCuda().libraries.map(dirname))].join(":");
    const env = { ...process.env, LD_LIBRARY_PATH: folders };
    return spawnSync(script, [results], { stdio: "inherit", env }).status;
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

await reporting("GPU suite", async () => {
  const { archive, size } = await pack(folder);
  console.log(`packed ${archive}, ${(size / 1e6).toFixed(1)} MB`);
  const results = join(folder, "results");
  const status = unpackAndRun(archive, results);
  if (status === NO_DEVICE) {
    console.log("This machine has no device: unpack the archive on one that has, and start run.sh there.");
    return;
  }
  if (status !== 0) throw new BuildFailure(`the suite failed; see ${join(results, "suite.json")}`);
  console.log(readFileSync(join(results, "suite.txt"), "utf8"));
});
