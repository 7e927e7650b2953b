import { expandPath, merged, parsePath, valueAt, withValue } from "../config/path.js";
import type { Coordinate, SweepConfig } from "./schema.js";
import type { Point } from "./samplers.js";

/** What was wrong with one coordinate of a point before the config could even be made. */
export class CoordinateError extends Error {
  constructor(
    readonly coordinate: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The base config with a point's values in it: variants are laid over it first, then single values go to their
 * paths (`*` in a path stands for every element). Throws a CoordinateError where a path leads nowhere.
 */
export function applyPoint(base: unknown, space: SweepConfig["space"], point: Point): unknown {
  const variants = Object.entries(point).filter(([key]) => variantsOf(space[key]) !== undefined);
  const values = Object.entries(point).filter(([key]) => variantsOf(space[key]) === undefined);
  const chosen = variants.reduce<unknown>(
    (config, [key, name]) => merged(config, variantsOf(space[key])?.[String(name)]),
    base,
  );
  return values.reduce(setCoordinate, chosen);
}

function setCoordinate(config: unknown, [key, value]: [string, unknown]): unknown {
  const paths = expandPath(config, parsePath(key));
  if (paths.length === 0) throw new CoordinateError(key, `no place of the config matches '${key}'`);
  return paths.reduce((result, path) => {
    const parent = path.slice(0, -1);
    if (parent.length > 0 && valueAt(result, parent) === undefined) {
      throw new CoordinateError(
        key,
        `the config has no '${parent.join(".")}' to set '${path.at(-1) ?? ""}' in`,
      );
    }
    try {
      return withValue(result, path, value);
    } catch (error) {
      throw new CoordinateError(key, `'${path.join(".")}' leads nowhere: ${(error as Error).message}`);
    }
  }, config);
}

export function variantsOf(
  coordinate: Coordinate | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (coordinate === undefined || Array.isArray(coordinate) || !("variants" in coordinate)) return undefined;
  return coordinate.variants;
}
