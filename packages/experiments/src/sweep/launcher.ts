import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { identify, type ProcessIdentity } from "../process/identity.js";
import { signal } from "../process/stop.js";
import type { TrialDirectory } from "./directory.js";

/** How an attempt ended: with an exit code, or by a signal. */
export interface AttemptEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A trial process that was started. */
export interface Attempt {
  readonly identity: ProcessIdentity;
  readonly ended: Promise<AttemptEnd>;
  /** Asks it to leave a checkpoint and go. */
  readonly stop: () => void;
  readonly kill: () => void;
}

export interface LaunchRequest {
  readonly directory: TrialDirectory;
  readonly attempt: number;
  readonly threads: number;
}

/** Where trials run. */
export interface Launcher {
  readonly launch: (request: LaunchRequest) => Attempt;
}

/**
 * Trials as child processes of this one: `command... <trial directory>`, each in a process group of its own, so
 * that a terminal's Ctrl-C reaches them through the sweep alone. Their output goes to `trial.log`; an open
 * channel tells them when the sweep has died.
 */
export function localLauncher(command: readonly [string, ...string[]]): Launcher {
  return {
    launch: (request) => {
      const log = openSync(request.directory.log, "a");
      try {
        return watch(start(command, request, log));
      } finally {
        closeSync(log);
      }
    },
  };
}

function start(
  [program, ...rest]: readonly [string, ...string[]],
  request: LaunchRequest,
  log: number,
): ChildProcess {
  return spawn(program, [...rest, request.directory.path], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    env: {
      ...process.env,
      DUALPATH_THREADS: String(request.threads),
      DUALPATH_ATTEMPT: String(request.attempt),
    },
  });
}

const GONE = { started: "gone", host: "" };

function watch(child: ChildProcess): Attempt {
  const ended = new Promise<AttemptEnd>((resolve) => {
    child.once("error", () => resolve({ exitCode: null, signal: null }));
    child.once("exit", (exitCode, killedBy) => resolve({ exitCode, signal: killedBy }));
  });
  const pid = child.pid ?? -1;
  const send = (name: NodeJS.Signals) => () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) signal(pid, name);
  };
  return { identity: identify(pid) ?? { pid, ...GONE }, ended, stop: send("SIGTERM"), kill: send("SIGKILL") };
}
