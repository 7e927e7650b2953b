import { createHash } from "node:crypto";
import { canonicalJson } from "../config/identity.js";
import type { Coordinate, SweepConfig } from "./schema.js";

/** A point of the space: coordinate -> value, or the name of a variant. */
export type Point = Readonly<Record<string, unknown>>;

/** What to try. Point k is a function of (seed, k) alone. */
export interface Sampler {
  readonly points: (seed: number) => Point[];
}

/** The sampler that a sweep section asks for. */
export const samplerOf = (sweep: SweepConfig): Sampler =>
  sweep.sampler === "grid" ? gridSampler(sweep.space) : randomSampler(sweep.space, sweep.trials ?? 0);

/** Every combination, the last coordinate varying fastest. */
export function gridSampler(space: SweepConfig["space"]): Sampler {
  const combine = (points: Point[], [key, coordinate]: [string, Coordinate]): Point[] =>
    points.flatMap((point) => optionsOf(coordinate).map((value) => ({ ...point, [key]: value })));
  return { points: () => unique(Object.entries(space).reduce<Point[]>(combine, [{}])) };
}

const DRAWS_PER_TRIAL = 50;

/** `trials` different points; fewer where the space does not hold as many. */
export function randomSampler(space: SweepConfig["space"], trials: number): Sampler {
  const draw = (seed: number, index: number): Point =>
    Object.fromEntries(
      Object.entries(space).map(([key, coordinate]) => [key, drawn(coordinate, uniform01(seed, index, key))]),
    );
  return {
    points: (seed) => {
      const found = new Map<string, Point>();
      for (let index = 0; index < trials * DRAWS_PER_TRIAL && found.size < trials; index++) {
        const point = draw(seed, index);
        const key = canonicalJson(point);
        if (!found.has(key)) found.set(key, point);
      }
      return [...found.values()];
    },
  };
}

function unique(points: readonly Point[]): Point[] {
  return [...new Map(points.map((point) => [canonicalJson(point), point])).values()];
}

function optionsOf(coordinate: Coordinate): readonly unknown[] {
  if (Array.isArray(coordinate)) return coordinate;
  if ("choice" in coordinate) return coordinate.choice;
  if ("variants" in coordinate) return Object.keys(coordinate.variants);
  throw new RangeError("a range has no list of values");
}

function drawn(coordinate: Coordinate, u: number): unknown {
  if (Array.isArray(coordinate) || "choice" in coordinate || "variants" in coordinate) {
    const options = optionsOf(coordinate);
    return options[Math.floor(u * options.length)];
  }
  if ("uniform" in coordinate) return rounded(between(coordinate.uniform, u));
  if ("logUniform" in coordinate) {
    const [low, high] = coordinate.logUniform;
    return rounded(Math.exp(between([Math.log(low), Math.log(high)], u)));
  }
  const [low, high] = coordinate.int;
  return low + Math.floor(u * (high - low + 1));
}

const between = ([low, high]: readonly [number, number], u: number): number => low + u * (high - low);

const SIGNIFICANT_DIGITS = 6;
const rounded = (value: number): number => Number(value.toPrecision(SIGNIFICANT_DIGITS));

const MANTISSA = 2 ** 48;

/** A number in [0, 1) that depends on nothing but its arguments. */
export function uniform01(seed: number, index: number, key: string): number {
  const bytes = createHash("sha256").update(`${seed}/${index}/${key}`).digest();
  return bytes.readUIntBE(0, 6) / MANTISSA;
}
