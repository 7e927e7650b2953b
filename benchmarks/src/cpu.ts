// npx nx run benchmarks:cpu -- [--json FILE] [--rounds N] [--steps N] [--only WORKLOAD]...
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultThreads, describePrecision, precisionOn, type Precision } from "@dualpath/core";
import { Contestant, type Request } from "./contestant.js";
import { interleave } from "./interleave.js";
import { rowsOf, type Row, type Throughput } from "./rows.js";
import { writePhotos } from "./synthetic-photos.js";

interface Workload extends Throughput {
  readonly request: Request;
  /** Of both sides; PyTorch's bf16 is its autocast. */
  readonly precision: Precision;
  /** PyTorch's ways to run the same step; the fastest one is the peer. */
  readonly modes: readonly string[];
}

const python = process.env["DUALPATH_PYTORCH"];
if (!python) {
  console.error("Set DUALPATH_PYTORCH to a Python interpreter that has PyTorch, the peer of this benchmark.");
  process.exit(2);
}

const photos = mkdtempSync(join(tmpdir(), "dualpath-photos-"));
const PHOTOS = 64;

const modes = ["eager", "channels-last", "compile"];
const paperA: Workload = {
  request: { load: "dual-path-resnet50", batch: 32, classes: 29783, vocabulary: 20074 },
  precision: "f32",
  unit: "images/s",
  items: 32,
  modes,
};
const workloads: readonly Workload[] = [
  paperA,
  { ...paperA, precision: "bf16" },
  {
    request: { load: "text-cnn", batch: 128, vocabulary: 20074 },
    precision: "f32",
    unit: "captions/s",
    items: 128,
    modes,
  },
  { request: { load: "mobilenet-v2", batch: 32 }, precision: "f32", unit: "images/s", items: 32, modes },
  {
    request: { load: "emoji", batch: 64, classes: 1119, vocabulary: 5398 },
    precision: "f32",
    unit: "images/s",
    items: 64,
    modes,
  },
  {
    request: { load: "recall", images: 5000, texts: 25000, dimension: 1024 },
    precision: "f32",
    unit: "searches/s",
    items: 1,
    modes: ["numpy"],
  },
  {
    request: { load: "photos", photos, threads: 1 },
    precision: "f32",
    unit: "images/s",
    items: PHOTOS,
    modes: ["torchvision"],
  },
];

const nameOf = ({ request, precision }: Workload): string =>
  precision === "f32" ? request.load : `${request.load} ${precision}`;

/** Whether this processor computes the workload's precision; a line says why not. */
function isComputed(workload: Workload): boolean {
  const precision = precisionOn("cpu", workload.precision);
  if (precision.reason !== undefined)
    console.error(`${nameOf(workload)}: left out; ${describePrecision(precision)}`);
  return precision.reason === undefined;
}

/** The rows against the fastest mode of the peer. */
async function compare(python: string, workload: Workload, rounds: number, steps: number): Promise<Row[]> {
  const { modes, precision } = workload;
  const request = { ...workload.request, precision };
  const threads = defaultThreads();
  const rows: Row[][] = [];
  for (const mode of modes) {
    const peer = await Contestant.pytorch(python, { threads, ...request, mode });
    const ours = await Contestant.dualpath({ threads, ...request });
    const comparison = await interleave(ours, peer, rounds, steps);
    rows.push(rowsOf(`${nameOf(workload)} against ${mode}`, workload, comparison, ours));
    ours.stop();
    peer.stop();
    console.error(`${rows.at(-1)![0]!.name}: ${rows.at(-1)![0]!.ratio.toFixed(2)}`);
  }
  return rows.sort((one, other) => one[0]!.ratio - other[0]!.ratio)[0]!;
}

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "3" },
    only: { type: "string", multiple: true, default: workloads.map(({ request }) => request.load) },
  },
});
await writePhotos(photos, PHOTOS);
const rows: Row[] = [];
const chosen = workloads.filter(({ request }) => values.only.includes(request.load));
for (const workload of chosen.filter(isComputed)) {
  rows.push(...(await compare(python, workload, Number(values.rounds), Number(values.steps))));
}
rmSync(photos, { recursive: true });
console.table(
  rows.map((row) => ({ ...row, spread: row.spread.map((ratio) => ratio.toFixed(2)).join(" - ") })),
);
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
