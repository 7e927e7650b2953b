import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process that cannot be confused with a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in whatever unit the system counts; unique together with pid and host. */
  readonly started: string;
  readonly host: string;
}

/** The identity of a living process, or undefined when there is none of that number. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started, host: hostname() };
}

/** This very process. */
export function ownIdentity(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, started: "unknown", host: hostname() };
}

/** Whether that very process still runs. On another host it cannot be seen and counts as alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.host !== hostname()) return true;
  return startOf(identity.pid) === identity.started;
}

const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

function startOf(pid: number): string | undefined {
  if (!existsSync("/proc/self/stat")) return startFromPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[STATE_FIELD] === "Z" ? undefined : `${bootIdentity()}:${fields[START_TIME_FIELD] ?? ""}`;
  } catch {
    return undefined;
  }
}

function bootIdentity(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().slice(0, 8);
  } catch {
    return "boot";
  }
}

function startFromPs(pid: number): string | undefined {
  try {
    const printed = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    return printed.toString("utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
