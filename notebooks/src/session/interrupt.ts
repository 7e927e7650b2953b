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
  const others = process.rawListeners("SIGINT") as NodeJS.SignalsListener[];
  const handBack = (): void => {
    clearTimeout(timer);
    if (!process.listeners("SIGINT").includes(stop)) return;
    for (const listener of others) process.on("SIGINT", listener);
    process.off("SIGINT", stop);
  };
  const stop = (): void => {
    handBack();
    controller.abort();
  };
  process.on("SIGINT", stop);
  for (const listener of others) process.off("SIGINT", listener);
  const timer = seconds === undefined ? undefined : setTimeout(stop, 1000 * seconds);
  return { signal: controller.signal, release: handBack };
}
