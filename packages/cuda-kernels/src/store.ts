import type { AddonStore, StoredValue, TypedArray } from "./binding.js";
import { callSite } from "./errors.js";
import { type DType, parsePlan, type Plan } from "./plan.js";
import { attempt, NativeProgram } from "./program.js";

/**
 * Named tensors in native memory, and the one thread that works on them. Calls run first in, first out.
 * Open one Store per process and device.
 */
export class NativeStore {
  #disposed: Promise<void> | undefined;

  constructor(private readonly store: AddonStore) {}

  /** Size of the thread pool. */
  get threads(): number {
    return this.store.threads;
  }

  /** Creates or overwrites a value; the data is copied before the promise is returned. */
  write(name: string, shape: readonly number[], dtype: DType, data: TypedArray): Promise<void> {
    return attempt(callSite(), () => this.store.write(name, shape, dtype, data));
  }

  /** @throws DualpathError STORE_MISSING */
  read(name: string): Promise<StoredValue> {
    return attempt(callSite(), () => this.store.read(name));
  }

  has(name: string): boolean {
    return this.store.has(name);
  }

  names(): string[] {
    return this.store.names();
  }

  /** @throws DualpathError STORE_MISSING */
  remove(name: string): Promise<void> {
    return attempt(callSite(), () => this.store.remove(name));
  }

  /**
   * Validates a plan, chooses layouts and kernels and allocates its memory. Store values must have been written.
   * @throws DualpathError PLAN_INVALID, OP_UNKNOWN, SHAPE, DTYPE, ATTRIBUTE, STORE_MISSING, OUT_OF_MEMORY
   */
  compile(plan: Plan): Promise<NativeProgram> {
    return attempt(callSite(), async () => new NativeProgram(await this.store.compile(parsePlan(plan))));
  }

  /** Frees all values and programs after the work that is queued, and ends the thread. Again: the same promise. */
  dispose(): Promise<void> {
    this.#disposed ??= attempt(callSite(), () => this.store.dispose());
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
