import type { AddonProgram, NodeTime, ProgramDescription, TypedArray } from "./binding.js";
import { type CallSite, callSite, DualpathError, fromNative } from "./errors.js";

/** A compiled plan on its Store. Steps run in order on the Store's thread; the event loop stays free. */
export class NativeProgram {
  #disposed = false;

  constructor(private readonly program: AddonProgram) {}

  /**
   * Runs the plan once.
   * @param feeds one array per feed of the plan, in its order; copied before the promise is returned
   * @param scalars the per-step numbers as raw 4-byte words
   * @returns the taps, in plan order and plain layout
   * @throws DualpathError FEED, NON_FINITE (with DUALPATH_CHECK=1), DISPOSED
   */
  step(feeds: readonly TypedArray[], scalars: Float32Array | Uint8Array): Promise<TypedArray[]> {
    return attempt(callSite(), () => this.program.step(feeds, scalars));
  }

  /** Runs one step and returns the time of every node. It has the effects of a step. */
  profile(feeds: readonly TypedArray[], scalars: Float32Array | Uint8Array): Promise<NodeTime[]> {
    return attempt(callSite(), () => this.program.profile(feeds, scalars));
  }

  /** Exact memory and the kernel chosen for every node. */
  describe(): ProgramDescription {
    const site = callSite();
    try {
      return this.program.describe();
    } catch (failure) {
      throw fromNative(failure, site);
    }
  }

  /** Frees arena and kernels after the steps that are queued. Again: nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await attempt(callSite(), () => this.program.dispose()).catch(ignoreDisposed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Calls into the binary and turns its failures into errors with the caller's stack. */
export async function attempt<Result>(site: CallSite, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (failure) {
    throw fromNative(failure, site);
  }
}

/** A Store that was disposed first took its programs along. */
function ignoreDisposed(error: unknown): void {
  if (!(error instanceof DualpathError) || error.code !== "DISPOSED") throw error;
}
