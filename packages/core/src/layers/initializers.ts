import { hashName, uniform01 } from "../graph/philox.js";
import { elementCount } from "../graph/types.js";

/**
 * How a parameter gets its first value. Fans follow the parameter's shape: [out, in] for linear weights,
 * [out, in / groups, height, width] for convolutions.
 * - `fan-in-uniform`: gain * U(-sqrt(3 / fanIn), +sqrt(3 / fanIn)), the rule of paper A's code
 * - `he`: N(0, 2 / fan), fan counted over inputs or outputs (He et al. 2015)
 * - `xavier`: U(-sqrt(6 / (fanIn + fanOut)), +...) (Glorot and Bengio 2010)
 */
export type Initializer =
  | { readonly kind: "fan-in-uniform"; readonly gain?: number }
  | { readonly kind: "he"; readonly fan: "in" | "out" }
  | { readonly kind: "xavier" }
  | { readonly kind: "normal"; readonly deviation: number }
  | { readonly kind: "constant"; readonly value: number };

/** Rules that a model configuration may name for its convolutions and linear layers. */
export type WeightRule = "fan-in-uniform" | "he" | "xavier";

/** The initialiser behind a rule's name. */
export function weightInitializer(rule: WeightRule, gain = 1): Initializer {
  if (rule === "he") return { kind: "he", fan: "out" };
  return rule === "xavier" ? { kind: "xavier" } : { kind: "fan-in-uniform", gain };
}

function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const window = elementCount(shape.slice(2));
  return { fanIn: (shape[1] ?? 1) * window, fanOut: (shape[0] ?? 1) * window };
}

function uniformBound(initializer: Initializer, shape: readonly number[]): number | undefined {
  const { fanIn, fanOut } = fans(shape);
  if (initializer.kind === "fan-in-uniform") return (initializer.gain ?? 1) * Math.sqrt(3 / fanIn);
  return initializer.kind === "xavier" ? Math.sqrt(6 / (fanIn + fanOut)) : undefined;
}

function normalDeviation(initializer: Initializer, shape: readonly number[]): number {
  if (initializer.kind === "normal") return initializer.deviation;
  const { fanIn, fanOut } = fans(shape);
  return Math.sqrt(2 / (initializer.kind === "he" && initializer.fan === "in" ? fanIn : fanOut));
}

/** Training steps count from 1, which leaves step 0 of every stream to initial values. */
const INITIAL_STEP = 0;

/** `count` standard normal numbers by Box-Muller over consecutive pairs of uniforms. */
function normals(seed: number, stream: number, count: number): Float64Array {
  const uniforms = uniform01(seed, stream, INITIAL_STEP, count + (count & 1));
  const result = new Float64Array(uniforms.length);
  for (let index = 0; index < result.length; index += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniforms[index]!));
    const angle = 2 * Math.PI * uniforms[index + 1]!;
    result[index] = radius * Math.cos(angle);
    result[index + 1] = radius * Math.sin(angle);
  }
  return result.subarray(0, count);
}

function affine(values: Float32Array | Float64Array, multiply: number, add: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let index = 0; index < values.length; index++) result[index] = values[index]! * multiply + add;
  return result;
}

/**
 * First value of the parameter `name`, row-major: a pure function of the run's seed, the name, the shape and
 * the rule.
 */
export function initialValue(
  initializer: Initializer,
  shape: readonly number[],
  seed: number,
  name: string,
): Float32Array {
  const count = elementCount(shape);
  if (initializer.kind === "constant") return new Float32Array(count).fill(initializer.value);
  const stream = hashName(name);
  const bound = uniformBound(initializer, shape);
  return bound === undefined
    ? affine(normals(seed, stream, count), normalDeviation(initializer, shape), 0)
    : affine(uniform01(seed, stream, INITIAL_STEP, count), 2 * bound, -bound);
}
