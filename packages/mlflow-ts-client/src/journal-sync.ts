import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { MlflowClient } from "./client.js";
import { isNotFound, JournalBusyError, MlflowConnectionError, MlflowHttpError } from "./errors.js";
import { journalFileName, syncStateFileName } from "./journal-format.js";
import { RunDeletedError, type Delivery } from "./sync-delivery.js";
import { defaultBatchPoints, openDelivery, reportOf, sendPending, type SyncReport } from "./sync-journal.js";
import { takeSyncLock, type SyncLock } from "./sync-lock.js";

/**
 * What a flusher is doing: `waiting` for a journal to appear, `current` with it, `sending`, `offline` because the server
 * does not answer or answers with failures, `busy` because another process sends this journal, `deleted` because
 * somebody deleted the run on the server, `closed`.
 */
export type SyncPhase = "waiting" | "current" | "sending" | "offline" | "busy" | "deleted" | "closed";

export interface SyncStatus {
  readonly phase: SyncPhase;
  /** Bytes of the journal that the server does not have. */
  readonly pendingBytes: number;
  /** The run on the server, once there is one. */
  readonly report: SyncReport | undefined;
  /** The failure behind `offline`, `busy` and `deleted`. */
  readonly error: unknown;
}

export interface JournalSyncOptions {
  readonly client: MlflowClient;
  readonly directory: string;
  /** Time between looks at the journal; 1000 by default. */
  readonly intervalMilliseconds?: number | undefined;
  /** Params, tags and points sent in one call; 500 by default. */
  readonly batchPoints?: number | undefined;
  /** Longest wait between attempts during an outage; 15,000 by default. */
  readonly longestPauseMilliseconds?: number | undefined;
  /** Called when the phase changes, and when something is refused for good. */
  readonly onStatus?: ((status: SyncStatus) => void) | undefined;
  readonly onRejected?: ((reason: string) => void) | undefined;
}

const longestCallMilliseconds = 60_000;
const fewestBatchPoints = 25;

/**
 * Feeds a run's journal to the server in the background, in the training process or beside it. It never throws and
 * never blocks: during an outage it tries again with growing pauses, and what the server lacks stays in the journal. It
 * does not keep the process alive between its looks at the journal.
 */
export class JournalSync {
  readonly directory: string;
  readonly #options: JournalSyncOptions;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #lock: SyncLock | undefined;
  #delivery: Delivery | undefined;
  #phase: SyncPhase = "waiting";
  #error: unknown;
  #failures = 0;
  #wake: () => void = () => {};
  #cycle: Promise<void> = Promise.resolve();
  #nextDeferred = 0;
  #batchPoints: number;

  constructor(options: JournalSyncOptions) {
    this.#options = options;
    this.#batchPoints = options.batchPoints ?? defaultBatchPoints;
    this.directory = options.directory;
    this.#loop = this.#run().catch((error: unknown) => this.#setPhase("closed", error));
  }

  get status(): SyncStatus {
    const state = this.#delivery?.state;
    return {
      phase: this.#phase,
      pendingBytes: journalSize(this.directory) - (state?.offset ?? 0),
      report: state === undefined ? undefined : reportOf(this.directory, state),
      error: this.#error,
    };
  }

  /**
   * Sends what is there now, trying until it is done or the time is up.
   * @returns true when the server has everything the journal held (refused things aside).
   */
  async drain(timeoutMilliseconds = 10_000): Promise<boolean> {
    const deadline = Date.now() + timeoutMilliseconds;
    this.#nextDeferred = 0;
    for (let interval = 50; ; interval = Math.min(interval * 2, 1000)) {
      this.#wake();
      const left = Math.max(deadline - Date.now(), 0);
      await atMost(this.#cycle, left);
      if (this.#isComplete()) return true;
      if (left === 0 || this.#phase === "deleted" || this.#phase === "closed") return false;
      await delay(Math.min(interval, left));
    }
  }

  /** Drains for at most that long, then stops for good. @returns what `drain` returned */
  async close(timeoutMilliseconds = 10_000): Promise<boolean> {
    const complete = await this.drain(timeoutMilliseconds);
    this.#stop.abort();
    this.#wake();
    await this.#loop;
    return complete;
  }

  #isComplete(): boolean {
    const { phase, pendingBytes, report } = this.status;
    if (phase === "waiting") return journalSize(this.directory) === 0;
    return phase === "current" && pendingBytes === 0 && report?.deferred === 0;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#cycle = this.#once();
      await this.#cycle;
      if (this.#phase === "deleted") break;
      await this.#sleep(this.#pauseMilliseconds());
    }
    this.#lock?.release();
    if (this.#phase !== "deleted") this.#setPhase("closed", this.#error);
  }

  async #once(): Promise<void> {
    if (!existsSync(join(this.directory, journalFileName))) return;
    try {
      this.#lock ??= takeSyncLock(this.directory);
      await this.#send();
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#fail(error);
    }
  }

  async #send(): Promise<void> {
    const { client, onRejected = () => {} } = this.#options;
    const timeoutMilliseconds = Math.min(client.settings.timeoutMilliseconds, longestCallMilliseconds);
    const call = { signal: this.#stop.signal, retries: 0, timeoutMilliseconds };
    this.#delivery ??= await openDelivery(client, this.directory, call, onRejected);
    if (this.#delivery === undefined) return;
    if (this.status.pendingBytes > 0 && this.#phase !== "offline") this.#setPhase("sending", undefined);
    const isDue = Date.now() >= this.#nextDeferred;
    await sendPending(this.#delivery, this.#batchPoints, isDue);
    if (isDue) this.#nextDeferred = Date.now() + this.#longestPause;
    this.#setPhase("current", undefined);
  }

  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    if (isNotFound(error)) this.#forgetTarget();
    if (isTimeout(error)) this.#batchPoints = Math.max(Math.ceil(this.#batchPoints / 2), fewestBatchPoints);
    const phase =
      error instanceof RunDeletedError ? "deleted" : error instanceof JournalBusyError ? "busy" : "offline";
    this.#setPhase(phase, error);
  }

  // The server lost the run, for example because its store was replaced: everything is sent again, to a new run.
  #forgetTarget(): void {
    this.#delivery = undefined;
    rmSync(join(this.directory, syncStateFileName), { force: true });
  }

  #setPhase(phase: SyncPhase, error: unknown): void {
    const changed = phase !== this.#phase;
    this.#phase = phase;
    this.#error = error;
    if (!changed) return;
    try {
      this.#options.onStatus?.(this.status);
    } catch {
      // A listener's fault must not end the sending.
    }
  }

  get #longestPause(): number {
    return this.#options.longestPauseMilliseconds ?? 15_000;
  }

  #pauseMilliseconds(): number {
    const { intervalMilliseconds = 1000 } = this.#options;
    if (this.#failures === 0 || this.#phase === "busy") return intervalMilliseconds;
    const asked = this.#error instanceof MlflowHttpError ? (this.#error.retryAfterMilliseconds ?? 0) : 0;
    const backoff = Math.min(
      intervalMilliseconds * 2 ** Math.min(this.#failures - 1, 20),
      this.#longestPause,
    );
    return Math.max(asked, backoff * (0.75 + 0.5 * Math.random()));
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// A server that is too slow for a batch would be sent the same batch for ever.
function isTimeout(error: unknown): boolean {
  return error instanceof MlflowConnectionError && error.reason === "TIMEOUT";
}

async function atMost(work: Promise<void>, milliseconds: number): Promise<void> {
  const stop = new AbortController();
  const timeUp = delay(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
  await Promise.race([work, timeUp]);
  stop.abort();
}

function journalSize(directory: string): number {
  return statSync(join(directory, journalFileName), { throwIfNoEntry: false })?.size ?? 0;
}
