// Every case of every op on the device, against the float64 reference and the CPU's kernels; in bf16 too where the op
// takes it, which the CPU does on widened copies.
import { loadBackend } from "@dualpath/cuda-kernels";
import { Store } from "../../engine/store.js";
import type { OpRow } from "../../graph/op.js";
import { opRegistry } from "../../ops/registry.js";
import { opCases } from "../../ops/testing/all-cases.js";
import type { OpCase } from "../../ops/testing/cases.js";
import { narrowCase, runNarrowKernel } from "../../ops/testing/narrow-case.js";
import { referenceOf, runKernel, worstDifference } from "../../ops/testing/run-kernel.js";
import {
  convolutionOp,
  referenceStatistics,
  runStatistics,
  statisticsCase,
} from "../../ops/testing/statistics-case.js";
import { answer } from "./part.js";

process.env["DUALPATH_BF16"] = "widen";
const devices = ["cuda", "cpu"] as const;
const [cuda, cpu] = devices.map((device) => Store.open({ device })) as [Store, Store];
const narrowStores = devices.map((device) => loadBackend({ device }).createStore({ device }));

/** Two results may each be off by the tolerance. */
const APART = 2;

interface Row {
  readonly op: string;
  readonly title: string;
  readonly holds: boolean;
  readonly fromReference?: number;
  readonly fromCpu?: number;
  readonly error?: string;
}

type Outputs = readonly Float64Array[];

/** What the device and the CPU give. */
type Run = (op: OpRow, entry: OpCase) => Promise<readonly [Outputs, Outputs]>;

const plain: Run = async (op, entry) => [await runKernel(cuda, op, entry), await runKernel(cpu, op, entry)];

const narrow: Run = async (op, entry) => {
  const [device, host] = await Promise.all(narrowStores.map((store) => runNarrowKernel(store, op, entry)));
  return [device!, host!];
};

/** Where cuDNN has an engine for it, the device's batch norm takes the sums that the convolution leaves. */
const statistics: Run = async (_, entry) => {
  const [device, host] = await Promise.all([cuda, cpu].map((store) => runStatistics(store, entry)));
  return [device!.statistics, host!.statistics];
};

const compare = async (
  op: OpRow,
  entry: OpCase,
  run: Run,
  reference: Outputs,
): Promise<Omit<Row, "op" | "title">> => {
  const [got, host] = await run(op, entry);
  const worst = (of: Outputs): number =>
    Math.max(...of.map((expected, index) => worstDifference(expected, got[index]!)));
  const [fromReference, fromCpu] = [worst(reference), worst(host)];
  const holds = fromReference <= entry.tolerance && fromCpu <= APART * entry.tolerance;
  return { holds, fromReference, fromCpu };
};

const check = async (
  op: OpRow,
  entry: OpCase,
  run: Run,
  reference: Outputs = referenceOf(op, entry),
): Promise<Row> => {
  const place = { op: op.name, title: entry.title };
  try {
    return { ...place, ...(await compare(op, entry, run, reference)) };
  } catch (error) {
    return { ...place, holds: false, error: error instanceof Error ? error.message : String(error) };
  }
};

const rows: Row[] = [];
for (const op of opRegistry.values())
  for (const entry of opCases[op.name] ?? []) {
    rows.push(await check(op, entry, plain));
    if (op.narrow === undefined) continue;
    rows.push(await check(op, narrowCase(op, { ...entry, title: `${entry.title}, bf16` }), narrow));
  }
for (const convolution of opCases["conv2d"] ?? []) {
  const entry = statisticsCase({ ...convolution, title: `${convolution.title}, statistics` });
  rows.push(await check(convolutionOp, entry, statistics, referenceStatistics(entry)));
}
await Promise.all([cuda, cpu, ...narrowStores].map((store) => store.dispose()));
const failed = rows.filter(({ holds }) => !holds);
const passed = rows.length - failed.length;
answer({ holds: failed.length === 0 && passed > 0, passed, failed });
