import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { JournalBusyError } from "./errors.js";
import { syncLockFileName } from "./journal-format.js";

/** A held lock: at most one process feeds a journal to a server. It is kept fresh until it is released. */
export interface SyncLock {
  release(): void;
}

/** A lock whose holder has not refreshed it for this long is taken over. */
export const staleMilliseconds = 60_000;

/**
 * Takes the lock of a run's directory; one left by a dead process is taken over.
 * @throws JournalBusyError when a living process holds it.
 */
export function takeSyncLock(directory: string): SyncLock {
  const path = join(directory, syncLockFileName);
  const mine = `${process.pid} ${hostname()} ${crypto.randomUUID()}`;
  if (!tryCreate(path, mine)) {
    if (isHeld(path)) {
      const holder = readHolder(path);
      throw new JournalBusyError(`journal in '${directory}' is being sent by process ${holder}`, {
        directory,
        holder,
      });
    }
    rmSync(path, { force: true });
    if (!tryCreate(path, mine))
      throw new JournalBusyError(`journal in '${directory}' is being sent`, { directory });
  }
  const refreshing = setInterval(() => touch(path), staleMilliseconds / 4).unref();
  return {
    release: () => {
      clearInterval(refreshing);
      if (readHolder(path) === mine) rmSync(path, { force: true });
    },
  };
}

function tryCreate(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function isHeld(path: string): boolean {
  const [pid, host] = readHolder(path).split(" ");
  if (host === hostname() && !isAlive(Number(pid))) return false;
  return Date.now() - modified(path) < staleMilliseconds;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Somebody removed the lock; a second sender is harmless, since everything sent is safe to repeat.
  }
}
