import { Graph, matmul, Store, type Program } from "@dualpath/core";
import type { Multiply, Product } from "@dualpath/datasets";
import type { Device } from "../config/schema.js";

/** Matrix products on the engine: opened at the first product, with one program for each form of product. */
export interface EngineMultiply {
  readonly multiply: Multiply;
  close(): Promise<void>;
}

/** Programs of the forms used last; the others are freed with their memory. */
const KEPT_PROGRAMS = 12;

/** Opens products on a device, beside whatever else runs there. */
export function engineMultiply(device: Device, threads: number): EngineMultiply {
  let store: Store | undefined;
  const programs = new Map<string, Program>();
  const programOf = async (product: Product): Promise<Program> => {
    const { rows, inner, columns, transposeA = false, transposeB = false } = product;
    const key = [rows, inner, columns, transposeA, transposeB].join();
    const known = programs.get(key);
    programs.delete(key);
    const program = known ?? (await compile((store ??= Store.open({ device, threads })), product));
    programs.set(key, program);
    const [oldest] = programs;
    if (programs.size > KEPT_PROGRAMS && oldest !== undefined) {
      programs.delete(oldest[0]);
      await oldest[1].dispose();
    }
    return program;
  };
  return {
    multiply: async (product) => {
      const program = await programOf(product);
      const { y } = await program.step({ a: product.a, b: product.b });
      return y as Float32Array;
    },
    close: async () => {
      for (const program of programs.values()) await program.dispose();
      programs.clear();
      await store?.dispose();
      store = undefined;
    },
  };
}

function compile(store: Store, product: Product): Promise<Program> {
  const { rows, inner, columns, transposeA = false, transposeB = false } = product;
  const graph = new Graph("product");
  const a = graph.input("a", transposeA ? [inner, rows] : [rows, inner]);
  const b = graph.input("b", transposeB ? [columns, inner] : [inner, columns]);
  return store.compile(graph, { taps: { y: matmul(a, b, { transposeA, transposeB }) } });
}
