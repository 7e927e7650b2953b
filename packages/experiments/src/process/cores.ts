import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Cores that this process may use: the affinity mask, and the container's quota where there is one. */
export function availableCores(): number {
  const quota = cgroupQuota();
  return Math.max(1, Math.min(availableParallelism(), quota === undefined ? Infinity : Math.ceil(quota)));
}

function cgroupQuota(): number | undefined {
  try {
    const [quota, period] = readFileSync("/sys/fs/cgroup/cpu.max", "utf8").trim().split(" ").map(Number);
    return quota !== undefined && period !== undefined && quota > 0 ? quota / period : undefined;
  } catch {
    return undefined;
  }
}

/** Threads of each of `parallel` trials that share the cores. */
export const threadsPerTrial = (cores: number, parallel: number): number =>
  Math.max(1, Math.floor(cores / parallel));
