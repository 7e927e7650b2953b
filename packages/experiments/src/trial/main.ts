#!/usr/bin/env node
// The process of one trial: node main.js <trial directory>. The sweep starts it; a person may.
import { trialDirectory } from "../sweep/directory.js";
import { availableCores } from "../process/cores.js";
import { workspace } from "../workspace/root.js";
import { describeFailure } from "./failure.js";
import { lockTrial, watchLifetime } from "./lifetime.js";
import { trialLog } from "./log.js";
import { writeFailure } from "./result.js";
import { runTrial } from "./run-trial.js";

const STOPPED = 143;

async function main(path: string | undefined): Promise<number> {
  if (path === undefined) throw new Error("name the trial's directory");
  const log = trialLog();
  const lifetime = watchLifetime();
  const directory = trialDirectory(path);
  const lock = lockTrial(directory.lock);
  try {
    if (lifetime.signal.aborted) return STOPPED;
    const threads = availableCores();
    log.info({ attempt: process.env["DUALPATH_ATTEMPT"], threads }, "the trial starts");
    const finished = await runTrial({
      directory,
      workspace: workspace(),
      threads,
      signal: lifetime.signal,
      log,
    });
    return finished ? 0 : (lifetime.exitCode() ?? STOPPED);
  } catch (error) {
    if (lifetime.signal.aborted) return lifetime.exitCode() ?? STOPPED;
    writeFailure(directory.failure, describeFailure(error));
    log.error(error);
    return 1;
  } finally {
    lock.release();
  }
}

process.exitCode = await main(process.argv[2]);
