import { readFileSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";

type Values = Record<string, number>;

const MEGABYTE = 2 ** 20;
const PERCENT = 100;

/** Use of the machine since the last call, under the names that MLflow's system tab knows. */
export function systemMeter(): () => Values {
  let before = processorTimes();
  let ownBefore = process.cpuUsage();
  let timeBefore = performance.now();
  return () => {
    const now = processorTimes();
    const [busy, all] = [now.busy - before.busy, now.all - before.all];
    const own = process.cpuUsage(ownBefore);
    const elapsed = Math.max(1, performance.now() - timeBefore);
    [before, ownBefore, timeBefore] = [now, process.cpuUsage(), performance.now()];
    const used = totalmem() - availableMemory();
    return {
      "system/cpu_utilization_percentage": all === 0 ? 0 : (PERCENT * busy) / all,
      "system/system_memory_usage_megabytes": used / MEGABYTE,
      "system/system_memory_usage_percentage": (PERCENT * used) / totalmem(),
      "system/process_cpu_percentage": (PERCENT * (own.user + own.system)) / MICROSECONDS / elapsed,
      "system/process_memory_megabytes": process.memoryUsage.rss() / MEGABYTE,
    };
  };
}

const MICROSECONDS = 1000;

function processorTimes(): { busy: number; all: number } {
  const times = cpus().map((core) => core.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  const idle = times.reduce((sum, time) => sum + time.idle, 0);
  return { busy: all - idle, all };
}

// Free memory counts the page cache as used; the kernel's own estimate does not.
function availableMemory(): number {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  } catch {
    return freemem();
  }
}
