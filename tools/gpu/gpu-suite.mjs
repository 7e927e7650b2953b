#!/usr/bin/env node
// Packs the GPU suite into one archive that needs no network, unpacks it elsewhere and runs it there, as it would run on
// a machine with a GPU. Without a device it runs as far as the driver and says so, and then goes through all parts on the
// device that is played on the host, with small sizes, which shows that nothing is missing in the archive.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { hostDeviceBuild } from "../native/cmake.mjs";
import { provideCuda } from "../native/cuda.mjs";
import { BuildFailure, reporting } from "../native/failure.mjs";
import { pack } from "./pack.mjs";

const folder = resolve(import.meta.dirname, "../../.dualpath/gpu-suite");
const hostDevice = join(hostDeviceBuild, "Release/dualpath.node");
const [NO_DEVICE, CUT] = [2, 3];

/** Unpacks the archive into an empty folder and hands `work` the command that runs it. */
function unpacked(archive, work) {
  const elsewhere = mkdtempSync(join(tmpdir(), "dualpath-gpu-"));
  try {
    const { status } = spawnSync("tar", ["-xzf", archive, "-C", elsewhere], { stdio: "inherit" });
    if (status !== 0) throw new BuildFailure(`${archive} could not be unpacked`);
    return work(join(elsewhere, "dualpath-gpu-suite/run.sh"));
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

function run(script, results, environment = {}) {
  mkdirSync(results, { recursive: true });
  const folders = [...new Set(provideCuda().libraries.map(dirname))].join(":");
  const env = { ...process.env, LD_LIBRARY_PATH: folders, ...environment };
  return spawnSync(script, [results], { stdio: "inherit", env }).status;
}

function runOrRehearse(script) {
  const [results, rehearsal] = [join(folder, "results"), join(folder, "rehearsal")];
  const status = run(script, results);
  if (status !== NO_DEVICE) return [status, results];
  console.log("This machine has no device: unpack the archive on one that has, and start run.sh there.");
  console.log("All parts on a device that is played on the host, small, to show that they run:");
  const played = { DUALPATH_SUITE_REHEARSAL: "1", DUALPATH_CUDA_BINARY: hostDevice };
  return [run(script, rehearsal, played), rehearsal];
}

const tableOf = (results) => join(results, readdirSync(results).find((name) => name.endsWith(".txt")) ?? "");

await reporting("GPU suite", async () => {
  const { archive, size } = await pack(folder);
  console.log(`packed ${archive}, ${(size / 1e6).toFixed(1)} MB`);
  const [status, results] = unpacked(archive, runOrRehearse);
  if (status !== 0 && status !== CUT)
    throw new BuildFailure(`the suite failed; see the report in ${results}`);
  console.log(readFileSync(tableOf(results), "utf8"));
  if (status === CUT) throw new BuildFailure(`the suite's time was over before all parts had ended`);
});
