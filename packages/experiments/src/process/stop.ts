import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../errors.js";
import { isAlive, type ProcessIdentity } from "./identity.js";

const POLL_MILLISECONDS = 50;

/** Sends a signal to a process that may be gone already; false when it was. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    throw error;
  }
}

/** Waits until a process has ended; false when it still runs after the given time. */
export async function waitForEnd(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MILLISECONDS);
  }
  return true;
}

/** Ends a process: politely first, by force when the grace is over. */
export async function stopProcess(identity: ProcessIdentity, graceMilliseconds: number): Promise<void> {
  if (!isAlive(identity)) return;
  signal(identity.pid, "SIGTERM");
  if (await waitForEnd(identity, graceMilliseconds)) return;
  signal(identity.pid, "SIGKILL");
  await waitForEnd(identity, graceMilliseconds);
}
