import { Graph, type Value } from "../graph/graph.js";
import type { Precision } from "../graph/precision.js";
import { add, matmul } from "../ops/index.js";
import type { Store } from "./store.js";

/** What a device reaches at best, measured: the two ceilings of a roofline. */
export interface Roofline {
  /** GFLOP/s of a large matrix product. */
  readonly gigaflops: number;
  /** GB/s of an addition that no cache holds, operands and result counted. */
  readonly gigabytes: number;
}

/** Sizes of what is timed: a square product's extent, and elements of a sum that no cache holds. */
export interface RooflineExtents {
  readonly product: number;
  readonly sum: number;
}

/** What is timed, and how. */
export interface RooflineOptions {
  /** Default: what a host times in about a second. */
  readonly extents?: RooflineExtents;
  /** How the product is computed, where the device can; default f32. The sum is of f32. */
  readonly precision?: Precision;
  readonly signal?: AbortSignal;
}

const HOST_EXTENTS: RooflineExtents = { product: 1024, sum: 1 << 24 };
const FLOAT_BYTES = 4;
const REPEATS = 5;

/**
 * Measures the ceilings of a Store's device and threads, in GFLOP/s and GB/s, on a host in about a second:
 * the fastest of five matrix products [product, product] and of five sums [sum]. Throws SHAPE for extents
 * that are no positive integers, DISPOSED when the Store is closed; an abort throws the signal's reason.
 */
export async function roofline(store: Store, options: RooflineOptions = {}): Promise<Roofline> {
  const { extents = HOST_EXTENTS, precision = "f32", signal } = options;
  const square = [extents.product, extents.product];
  const product = await fastest(store, square, (a, b) => matmul(a, b, {}), { precision, signal });
  const sum = await fastest(store, [extents.sum], (a, b) => add(a, b), { precision: "f32", signal });
  return {
    gigaflops: (2 * extents.product ** 3) / product / 1e6,
    gigabytes: (3 * extents.sum * FLOAT_BYTES) / sum / 1e6,
  };
}

/** Milliseconds of the fastest of some runs of one node on two values of the shape. */
async function fastest(
  store: Store,
  shape: readonly number[],
  node: (a: Value, b: Value) => Value,
  { precision, signal }: { readonly precision: Precision; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const graph = new Graph("roofline");
  const [a, b] = [graph.input("a", shape), graph.input("b", shape)];
  const result = node(a, b);
  const program = await store.compile(graph, { taps: { result }, precision });
  const ones = new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1);
  try {
    const times: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      signal?.throwIfAborted();
      // In bf16 the operands are narrowed first, in nodes of their own.
      const nodes = await program.profile({ a: ones, b: ones });
      times.push(nodes.find(({ name }) => name === result.name)!.milliseconds);
    }
    return Math.min(...times);
  } finally {
    await program.dispose();
  }
}
