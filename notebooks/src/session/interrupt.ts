/** Work that may be interrupted, while it runs. */
export interface Interruption {
  /** Raised by the notebook's stop button (SIGINT), by Ctrl-C in a plain process, and at the end of the time. */
  readonly signal: AbortSignal;
  /** Stops listening; call it in the cell's `finally`. */
  release(): void;
}

/**
 * Listens for the next interrupt and raises a signal: give it to a Trainer, and the stop button ends training at the
 * next step with a checkpoint. With `seconds`, the signal is raised after that time as well. Nothing listens before this
 * is called or after `release`.
 */
export function interruptible({ seconds }: { readonly seconds?: number } = {}): Interruption {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once("SIGINT", stop);
  const timer = seconds === undefined ? undefined : setTimeout(stop, 1000 * seconds);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", stop);
      clearTimeout(timer);
    },
  };
}
