import { GraphError } from "../errors.js";
import type { Graph, Value } from "../graph/graph.js";
import { makePlan } from "../graph/make-plan.js";
import type { Precision } from "../graph/precision.js";
import type { DType, Shape, TypedArray } from "../graph/types.js";
import { checkArray } from "./arrays.js";
import type { EngineBackend, EngineStore } from "./backend.js";
import { findBackend, type StoreDevice } from "./find-backend.js";
import { precisionInForce } from "./precision.js";
import { Program } from "./program.js";

/** Where a Store computes. */
export interface StoreOptions {
  /** "reference" computes in float64 without native code, for tests and for tracing a wrong number. */
  readonly device?: StoreDevice;
  /** Default: the cores that this process may use. */
  readonly threads?: number;
}

/** A stored value with its data: f32 Float32Array, i32 Int32Array, u32 Uint32Array, u8 Uint8Array, bf16 Uint16Array. */
export interface StoredArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Values that a Program returns after every step: under their keys, or under their names. */
export type Taps = Readonly<Record<string, Value>> | readonly Value[];

/** What a Program is to return and to carry out. */
export interface CompileOptions {
  readonly taps: Taps;
  /** Outputs of the effects (optimizers, moving averages) that every step carries out. */
  readonly effects?: readonly Value[];
  readonly name?: string;
  /** How products are computed where the device can (default f32); elsewhere f32, with a reason in `explain`. */
  readonly precision?: Precision;
}

/**
 * Parameters, optimizer state and running statistics by name. Outlives the Programs compiled on it; owns the device
 * and one native thread, on which steps, reads and writes happen first in, first out.
 */
export class Store {
  readonly backend: EngineBackend;
  readonly #native: EngineStore;
  #disposed = false;

  private constructor(backend: EngineBackend, native: EngineStore) {
    this.backend = backend;
    this.#native = native;
  }

  /**
   * Opens an empty store. Throws DEVICE when the device or its binary is not there or `threads` is below 1,
   * ATTRIBUTE when DUALPATH_THREADS is set to no whole number.
   */
  static open({ device = "auto", threads }: StoreOptions = {}): Store {
    const backend = findBackend(device);
    const native = backend.createStore({ device, ...(threads === undefined ? {} : { threads }) });
    return new Store(backend, native);
  }

  /** Size of the thread pool; 1 on the reference device. */
  get threads(): number {
    return this.#native.threads;
  }

  /**
   * Creates or overwrites a value; the data is copied before this returns. Throws DTYPE or SHAPE unless the
   * array is that of the number type with as many elements as the shape says, OUT_OF_MEMORY where the device
   * has no room, DISPOSED after `dispose`.
   */
  async write(name: string, shape: Shape, dtype: DType, data: TypedArray): Promise<void> {
    this.#checkOpen();
    await this.#native.write(name, [...shape], dtype, checkArray("write", name, { shape, dtype }, data));
  }

  /** A copy of a value. Throws STORE_MISSING for an unknown name, DISPOSED after `dispose`. */
  async read(name: string): Promise<StoredArray> {
    this.#checkOpen();
    return this.#native.read(name);
  }

  /** Whether a value has been written under the name. */
  has(name: string): boolean {
    return this.#native.has(name);
  }

  /** Names of all values. */
  names(): string[] {
    return this.#native.names();
  }

  /**
   * Frees a value. Throws STORE_MISSING for an unknown name (the reference device lets it pass), DISPOSED
   * after `dispose`.
   */
  async remove(name: string): Promise<void> {
    this.#checkOpen();
    await this.#native.remove(name);
  }

  /**
   * Plans and compiles what `taps` and `effects` need of a graph. All parameters it needs must have been
   * written. Throws STORE_MISSING where one is not, SHAPE where it was written in another type, PLAN_INVALID
   * as {@link makePlan}, OUT_OF_MEMORY where the plan's memory is not to be had, DISPOSED after `dispose`.
   */
  async compile(
    graph: Graph,
    { taps, effects = [], name = graph.name, precision: wanted = "f32" }: CompileOptions,
  ): Promise<Program> {
    this.#checkOpen();
    const named: [string, Value][] = Array.isArray(taps)
      ? (taps as readonly Value[]).map((tap) => [tap.name, tap])
      : Object.entries(taps as Readonly<Record<string, Value>>);
    const precision = precisionInForce(this.backend, wanted);
    const request = { taps: named.map(([, tap]) => tap), effects, name };
    const plan = makePlan(graph, { ...request, precision: precision.inForce });
    const native = await this.#native.compile(plan);
    const keys = named.map(([key]) => key);
    const { kind, reason } = this.backend;
    const device = reason === undefined ? kind : `${kind} (${reason})`;
    return new Program({
      graph,
      plan,
      native,
      keys,
      device,
      precision,
      compile: (peek) => this.compile(graph, { ...peek, precision: wanted }),
    });
  }

  /** Frees all values and the native thread; Programs of this store end with it. Calling it twice is harmless. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#native.dispose();
  }

  /** As `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #checkOpen(): void {
    if (this.#disposed)
      throw new GraphError("DISPOSED", {
        op: "store",
        node: this.backend.kind,
        what: "state",
        expected: "open",
        got: "disposed",
      });
  }
}
