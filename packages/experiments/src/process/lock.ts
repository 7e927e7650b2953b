import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { codeOf } from "../errors.js";
import { isAlive, ownIdentity, type ProcessIdentity } from "./identity.js";

const ownerSchema = z.object({ pid: z.int(), started: z.string(), host: z.string() });

/** A lock that this process holds. */
export interface Lock {
  readonly release: () => void;
}

export type LockOutcome = { readonly lock: Lock } | { readonly heldBy: ProcessIdentity };

const ATTEMPTS = 20;

/** Takes the lock in a file, breaking one whose owner is dead; tells the owner when it lives. */
export function takeLock(file: string): LockOutcome {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (createWhole(file)) return { lock: { release: () => release(file) } };
    const owner = lockOwner(file);
    if (owner !== undefined && isAlive(owner)) return { heldBy: owner };
    breakStale(file, owner);
  }
  throw new Error(`the lock ${file} changes hands without end`);
}

/** Who holds the lock, dead or alive; undefined when nobody does. */
export function lockOwner(file: string): ProcessIdentity | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

// A hard link appears with its whole content at once, so nobody ever reads half a lock.
function createWhole(file: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(ownIdentity()));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

// Renaming first makes sure that only one of two breakers gets the file; what it got must be what it judged.
function breakStale(file: string, judged: ProcessIdentity | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    const taken = lockOwner(aside);
    if (taken?.pid !== judged?.pid || taken?.started !== judged?.started) linkSync(aside, file);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(file: string): void {
  if (lockOwner(file)?.pid === process.pid) rmSync(file, { force: true });
}
