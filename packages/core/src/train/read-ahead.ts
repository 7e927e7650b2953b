/** A batch, or the end, and how long the caller stood waiting for it. */
export type Ahead<T> =
  { readonly done: true } | { readonly done: false; readonly value: T; readonly waitedSeconds: number };

/** An iterator that asks for the next item while the present one is worked on. */
export interface ReadAhead<T> {
  next(): Promise<Ahead<T>>;
  /** Tells the source that no more is wanted. */
  close(): Promise<void>;
}

/** Reads one item ahead of its consumer. Errors of the source arrive with the item that they concern. */
export function readAhead<T>(source: AsyncIterable<T>): ReadAhead<T> {
  const iterator = source[Symbol.asyncIterator]();
  const ask = (): Promise<IteratorResult<T>> => {
    const asked = iterator.next();
    asked.catch(() => undefined);
    return asked;
  };
  let pending = ask();
  return {
    async next() {
      const started = performance.now();
      const item = await pending;
      const waitedSeconds = (performance.now() - started) / 1000;
      if (item.done) return { done: true };
      pending = ask();
      return { done: false, value: item.value, waitedSeconds };
    },
    async close() {
      await pending.catch(() => undefined);
      await iterator.return?.();
    },
  };
}
