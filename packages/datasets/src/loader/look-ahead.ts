/**
 * Runs `make(0) .. make(count - 1)` with at most `depth` in flight and yields the results in order. Aborting `signal`
 * throws its reason at the next result; leaving the loop early starts nothing more.
 */
export async function* lookAhead<T>(
  count: number,
  depth: number,
  make: (index: number) => Promise<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const inFlight: Promise<T>[] = [];
  let next = 0;
  const startMore = (): void => {
    while (next < count && inFlight.length < Math.max(1, depth)) {
      const result = make(next++);
      result.catch(() => undefined);
      inFlight.push(result);
    }
  };
  try {
    for (let index = 0; index < count; index++) {
      signal?.throwIfAborted();
      startMore();
      const result = await (inFlight.shift() as Promise<T>);
      signal?.throwIfAborted();
      startMore();
      yield result;
    }
  } finally {
    await Promise.allSettled(inFlight);
  }
}
