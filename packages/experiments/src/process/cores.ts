import { defaultThreads } from "@dualpath/core";

/** Cores that this process may use; asked once, in a child process where no native code is loaded. */
export const availableCores = (): number => defaultThreads();

/** Threads of each of `parallel` trials that share the cores. */
export const threadsPerTrial = (cores: number, parallel: number): number =>
  Math.max(1, Math.floor(cores / parallel));
