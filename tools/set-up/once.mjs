// What a folder of the project's own holds is made once, by one process. It runs before anything is built, so it is
// plain JavaScript and needs only Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const STAMP = "dualpath-stamp.json";
const LOCK_WAIT_MILLISECONDS = 15 * 60_000;

export class SetupFailure extends Error {}

/** Runs a command to its end; both outputs are text. */
export function run(command, parameters, options = {}) {
  return spawnSync(command, parameters, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
}

/** The last words of a command that failed. */
export const lastWords = ({ stdout = "", stderr = "" }) =>
  `${stderr}${stdout}`.trim().split("\n").slice(-3).join(" ");

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function takeLock(lock) {
  mkdirSync(dirname(lock), { recursive: true });
  const deadline = Date.now() + LOCK_WAIT_MILLISECONDS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = Number(readFileSync(lock, "utf8"));
    const age = Date.now() - statSync(lock).mtimeMs;
    if ((owner > 0 && !alive(owner)) || (owner === 0 && age > 5000)) rmSync(lock, { force: true });
    else if (Date.now() > deadline)
      throw new SetupFailure(`another set-up (process ${owner}) holds ${lock}.`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
}

/**
 * Calls `make` unless `folder` was made of the same `wanted` (text) and holds the file `program`; processes that ask for
 * it at once wait for the one that makes it. `title` names what it is for.
 */
export function setUpOnce({ title, folder, wanted, program, make }) {
  const stamp = join(folder, STAMP);
  const ready = () =>
    existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(join(folder, program));
  if (ready()) return;
  const lock = `${folder}.lock`;
  takeLock(lock);
  try {
    if (ready()) return;
    console.error(`Setting up ${title} in ${folder} (once; this takes a minute or two)`);
    make();
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Runs a set-up; prints the folder that it made, or what is missing. */
export function runSetUp(title, setUp) {
  try {
    console.log(setUp());
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.error(`${title} set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
