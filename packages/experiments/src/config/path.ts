/** A place in a config: keys of mappings and indices of sequences. */
export type Path = readonly (string | number)[];

/** `curriculum.1.learningRate` as keys; digits stay strings, since mappings and sequences both take them. */
export const parsePath = (text: string): string[] => text.split(".");

export const formatPath = (path: Path): string => (path.length === 0 ? "(top level)" : path.join("."));

type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;

function child(container: Container, key: string | number): unknown {
  return Array.isArray(container) ? container[Number(key)] : container[key];
}

/** The value at a path, or undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (!isContainer(value)) return undefined;
    value = child(value, key);
  }
  return value;
}

/** Every path that a pattern with `*` (each element or key) stands for in this value. */
export function expandPath(root: unknown, pattern: readonly string[]): string[][] {
  const [head, ...rest] = pattern;
  if (head === undefined) return [[]];
  const keys = head === "*" ? (isContainer(root) ? Object.keys(root) : []) : [head];
  return keys.flatMap((key) => expandPath(valueAt(root, [key]), rest).map((tail) => [key, ...tail]));
}

/**
 * A copy of the value with another one at a path; mappings on the way are made when missing.
 * Throws a RangeError when the path leads through a scalar or outside a sequence.
 */
export function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(root)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index >= root.length) {
      throw new RangeError(`'${key}' is no index of a list of ${root.length}`);
    }
    return root.map((element: unknown, position) =>
      position === index ? withValue(element, rest, value) : element,
    );
  }
  if (root !== undefined && !isContainer(root))
    throw new RangeError(`'${key}' lies inside the scalar ${String(root)}`);
  return { ...root, [key]: withValue(root === undefined ? undefined : child(root, key), rest, value) };
}

/** A copy of the value with a partial one laid over it: mappings are merged, everything else is replaced. */
export function merged(root: unknown, partial: unknown): unknown {
  const mappings = [root, partial].every((value) => isContainer(value) && !Array.isArray(value));
  if (!mappings) return partial;
  const result: Record<string, unknown> = { ...(root as Record<string, unknown>) };
  for (const [key, value] of Object.entries(partial as Record<string, unknown>)) {
    result[key] = merged(result[key], value);
  }
  return result;
}
