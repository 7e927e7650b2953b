/** Where two JSON-like values first differ. */
export interface Difference {
  /** Dotted path, "" for the values themselves. */
  readonly path: string;
  readonly expected: unknown;
  readonly got: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** The first difference in the order of `expected`'s keys, or undefined where the values are equal. */
export function firstDifference(expected: unknown, got: unknown, path = ""): Difference | undefined {
  if (!isObject(expected) || !isObject(got)) {
    return Object.is(expected, got) ? undefined : { path, expected, got };
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
    const difference = firstDifference(expected[key], got[key], path === "" ? key : `${path}.${key}`);
    if (difference) return difference;
  }
  return undefined;
}

/** "image.depth: expected 18, got 50". */
export function describeDifference({ path, expected, got }: Difference): string {
  const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
  return `${path === "" ? "value" : path}: expected ${show(expected)}, got ${show(got)}`;
}
