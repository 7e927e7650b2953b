/** Work that may be interrupted, while it runs. */
export interface Interruption {
  /** Raised by the notebook's stop button (SIGINT), by Ctrl-C in a plain process, and at the end of the time. */
  readonly signal: AbortSignal;
  /** Stops listening; call it in the cell's `finally`. */
  release(): void;
}

/**
 * Listens for the next interrupt and raises a signal: give it to a Trainer, and the stop button ends training at the
 * next step with a checkpoint. With `seconds`, the signal is raised after that time as well. Until then nobody else
 * hears an interrupt: tslab would give the cell up at once, and forget what it has declared. Nothing listens before this
 * is called, after the signal is raised or after `release`.
 */
export function interruptible({ seconds }: { readonly seconds?: number } = {}): Interruption {
  const controller = new AbortController();
  let handBack = (): void => undefined;
  const stop = (): void => {
    release();
    controller.abort();
  };
  const timer = seconds === undefined ? undefined : setTimeout(stop, 1000 * seconds);
  let released = false;
  const release = (): void => {
    released = true;
    clearTimeout(timer);
    handBack();
  };
  // tslab runs a cell up to its first `await` with SIGINT in Node's hands; what listens by then is deaf ever after.
  queueMicrotask(() => {
    if (!released) handBack = takeInterrupts(stop);
  });
  return { signal: controller.signal, release };
}

/** Lets one listener alone hear interrupts; returns what gives them back to the others. */
function takeInterrupts(listener: () => void): () => void {
  const others = process.rawListeners("SIGINT") as NodeJS.SignalsListener[];
  process.on("SIGINT", listener);
  for (const other of others) process.off("SIGINT", other);
  return () => {
    if (!process.listeners("SIGINT").includes(listener)) return;
    for (const other of others) process.on("SIGINT", other);
    process.off("SIGINT", listener);
  };
}
