import type { Contestant } from "./contestant.js";
import type { Comparison } from "./interleave.js";

/** One comparison as it is printed and written: throughput or memory of both sides. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly spread: readonly [number, number];
  readonly unit: string;
}

/** What one step of a workload handles, per second, and how many of it. */
export interface Throughput {
  readonly unit: string;
  readonly items: number;
}

/** Memory rows: `ours` beside PyTorch's peak, and beside what the plan predicted. */
export function rowsOf(
  name: string,
  { items, unit }: Throughput,
  comparison: Comparison,
  { ownBytes, plannedBytes }: Pick<Contestant, "ownBytes" | "plannedBytes">,
): Row[] {
  const { ours, peer, ratio, spread, ourPeakBytes, peerPeakBytes } = comparison;
  const speed: Row = { name, ours: items / ours, peer: items / peer, ratio, spread, unit };
  const rows = [speed, memoryRow(`${name}, peak memory`, ourPeakBytes, peerPeakBytes)];
  if (plannedBytes !== undefined)
    rows.push(
      memoryRow(`${name}, memory above Node's own beside the plan`, ourPeakBytes - ownBytes, plannedBytes),
    );
  return rows;
}

function memoryRow(name: string, ours: number, peer: number): Row {
  const ratio = peer / ours;
  return { name, ours: ours / 2 ** 20, peer: peer / 2 ** 20, ratio, spread: [ratio, ratio], unit: "MiB" };
}
