import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExperimentError, codeOf } from "../errors.js";
import { takeLock, type LockOutcome } from "../process/lock.js";

export const LOOPBACK = "127.0.0.1";

/** Whether nothing listens on a local port. */
export async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, LOOPBACK);
    await once(probe, "listening");
    return true;
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES") return false;
    throw error;
  } finally {
    probe.close();
  }
}

const DEFAULT_PORT = 5000;
const PORTS_TRIED = 100;

/** A free port that no other starting server of this machine takes before `release`. */
export interface ReservedPort {
  readonly port: number;
  readonly release: () => void;
}

/** The port asked for, or the first free one from 5000 on. Throws PORT_IN_USE when the one asked for is taken. */
export async function reservePort(asked: number | undefined): Promise<ReservedPort> {
  const first = asked ?? DEFAULT_PORT;
  const last = asked ?? DEFAULT_PORT + PORTS_TRIED - 1;
  for (let port = first; port <= last; port++) {
    const reserved = await reserve(port);
    if (reserved !== undefined) return reserved;
  }
  const message =
    asked === undefined
      ? `no port from ${first} to ${last} is free on ${LOOPBACK}.`
      : `port ${asked} on ${LOOPBACK} is in use. Stop what listens there or name another port.`;
  throw new ExperimentError("PORT_IN_USE", message, { port: first });
}

// A server takes seconds from its start until it listens. Without the lock two of them would choose the same port in
// that time, and the one that lost it would mistake the other one for itself.
async function reserve(port: number): Promise<ReservedPort | undefined> {
  const outcome = takeLockIfAllowed(join(tmpdir(), `dualpath-port-${port}.lock`));
  if (outcome === undefined || "heldBy" in outcome) return undefined;
  if (await isFree(port)) return { port, release: outcome.lock.release };
  outcome.lock.release();
  return undefined;
}

function takeLockIfAllowed(file: string): LockOutcome | undefined {
  try {
    return takeLock(file);
  } catch (error) {
    if (codeOf(error) === "EACCES" || codeOf(error) === "EPERM") return undefined;
    throw error;
  }
}
