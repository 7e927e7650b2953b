// npx nx run benchmarks:cpu -- [--json FILE] [--rounds N] [--steps N]
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Contestant, type Request } from "./contestant.js";
import { interleave, type Comparison } from "./interleave.js";

/** One comparison as it is printed and written: throughput of both sides, above 1 we are faster. */
interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly spread: readonly [number, number];
  readonly unit: string;
}

interface Workload extends Request {
  readonly batch: number;
}

const workloads: readonly Workload[] = [
  { load: "dual-path-resnet50", batch: 32, classes: 29783, vocabulary: 20074 },
];

/** PyTorch's ways to run the same step; the fastest one is the peer. */
const peerModes = ["eager", "channels-last", "compile"] as const;

function rowsOf(name: string, batch: number, comparison: Comparison): Row[] {
  const { ours, peer, ratio, spread, ourPeakBytes, peerPeakBytes } = comparison;
  const speed: Row = { name, ours: batch / ours, peer: batch / peer, ratio, spread, unit: "images/s" };
  const memory = peerPeakBytes / ourPeakBytes;
  const mebibytes = (bytes: number): number => bytes / 2 ** 20;
  const peak = { ours: mebibytes(ourPeakBytes), peer: mebibytes(peerPeakBytes), ratio: memory };
  return [speed, { name: `${name}, peak memory`, ...peak, spread: [memory, memory], unit: "MiB" }];
}

async function compare(python: string, workload: Workload, rounds: number, steps: number): Promise<Row[]> {
  const threads = availableParallelism();
  const rows: Row[][] = [];
  for (const mode of peerModes) {
    const peer = await Contestant.pytorch(python, { ...workload, threads, mode, precision: "f32" });
    const ours = await Contestant.dualpath({ ...workload, threads });
    const comparison = await interleave(ours, peer, rounds, steps);
    rows.push(rowsOf(`${workload.load} against ${mode}`, workload.batch, comparison));
    ours.stop();
    peer.stop();
  }
  return rows.sort((one, other) => one[0]!.ratio - other[0]!.ratio).flat();
}

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "3" },
  },
});
const python = process.env["DUALPATH_PYTORCH"];
if (!python) {
  console.error("Set DUALPATH_PYTORCH to a Python interpreter that has PyTorch, the peer of this benchmark.");
  process.exit(2);
}
const rows: Row[] = [];
for (const workload of workloads) {
  rows.push(...(await compare(python, workload, Number(values.rounds), Number(values.steps))));
}
console.table(
  rows.map((row) => ({ ...row, spread: row.spread.map((ratio) => ratio.toFixed(2)).join(" - ") })),
);
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
