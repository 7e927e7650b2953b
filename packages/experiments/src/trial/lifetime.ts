import { ExperimentError } from "../errors.js";
import { takeLock, type Lock } from "../process/lock.js";

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** What can end a trial's process early. */
export interface Lifetime {
  readonly signal: AbortSignal;
  /** Exit code of the signal that came, if one did. */
  readonly exitCode: () => number | undefined;
}

/**
 * Turns SIGINT, SIGTERM and the death of the parent into an abort. Of the parent, that is the sweep, nothing is left
 * but a closed channel: then the trial ends at its next step, as after SIGTERM.
 */
export function watchLifetime(): Lifetime {
  const stopping = new AbortController();
  let exitCode: number | undefined;
  const stop = (code: number) => (): void => {
    exitCode ??= code;
    stopping.abort();
  };
  for (const [name, code] of Object.entries(SIGNAL_EXIT_CODES)) process.on(name, stop(code));
  if (process.channel !== undefined && process.channel !== null) {
    process.on("disconnect", stop(SIGNAL_EXIT_CODES.SIGTERM));
    process.channel.unref();
    if (!process.connected) stop(SIGNAL_EXIT_CODES.SIGTERM)();
  }
  return { signal: stopping.signal, exitCode: () => exitCode };
}

/** The lock of a trial's directory. Throws TRIAL_RUNNING when another process works there. */
export function lockTrial(file: string): Lock {
  const outcome = takeLock(file);
  if ("lock" in outcome) return outcome.lock;
  const { pid, host } = outcome.heldBy;
  throw new ExperimentError("TRIAL_RUNNING", `process ${pid} on ${host} works on this trial (${file}).`, {
    pid,
    host,
  });
}
