// Dualpath's side of the comparison; the protocol is described in contestant.ts.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { workloads } from "./workloads/index.js";
import type { Loaded } from "./workloads/workload.js";

function peakBytes(): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kilobytes?.[1] ?? 0) * 1024;
}

async function answer(command: Record<string, unknown>): Promise<object> {
  if (typeof command["load"] === "string") {
    const open = workloads[command["load"]];
    if (!open)
      throw new RangeError(
        `no workload '${command["load"]}'; there are ${Object.keys(workloads).join(", ")}`,
      );
    const ownBytes = process.memoryUsage.rss();
    loaded = await open(command as unknown as Parameters<typeof open>[0]);
    return { loaded: command["load"], ownBytes, plannedBytes: loaded.plannedBytes };
  }
  const seconds: number[] = [];
  for (let index = 0; index < Number(command["run"]); index++) seconds.push(await loaded!.step());
  return { seconds, peakBytes: peakBytes() };
}

let loaded: Loaded | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Record<string, unknown>))}\n`);
}
process.exit(0);
