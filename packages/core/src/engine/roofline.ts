import { Graph, type Value } from "../graph/graph.js";
import { add, matmul } from "../ops/index.js";
import type { Store } from "./store.js";

/** What a device reaches at best, measured: the two ceilings of a roofline. */
export interface Roofline {
  /** GFLOP/s of a large matrix product. */
  readonly gigaflops: number;
  /** GB/s of an addition that no cache holds, operands and result counted. */
  readonly gigabytes: number;
}

const PRODUCT_EXTENT = 1024;
const SUM_ELEMENTS = 1 << 24;
const FLOAT_BYTES = 4;
const REPEATS = 5;

/** Measures the ceilings of a Store's device and threads in about a second. */
export async function roofline(store: Store): Promise<Roofline> {
  const product = await fastest(store, [PRODUCT_EXTENT, PRODUCT_EXTENT], (a, b) => matmul(a, b, {}));
  const sum = await fastest(store, [SUM_ELEMENTS], (a, b) => add(a, b));
  return {
    gigaflops: (2 * PRODUCT_EXTENT ** 3) / product / 1e6,
    gigabytes: (3 * SUM_ELEMENTS * FLOAT_BYTES) / sum / 1e6,
  };
}

/** Milliseconds of the fastest of some runs of one node on two values of the shape. */
async function fastest(
  store: Store,
  shape: readonly number[],
  node: (a: Value, b: Value) => Value,
): Promise<number> {
  const graph = new Graph("roofline");
  const [a, b] = [graph.input("a", shape), graph.input("b", shape)];
  const program = await store.compile(graph, { taps: { result: node(a, b) } });
  const ones = new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1);
  try {
    const times: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const [first] = await program.profile({ a: ones, b: ones });
      times.push(first!.milliseconds);
    }
    return Math.min(...times);
  } finally {
    await program.dispose();
  }
}
