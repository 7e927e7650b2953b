// Every case of every op on the device, against the float64 reference and the CPU's kernels.
import { Store } from "../../engine/store.js";
import type { OpRow } from "../../graph/op.js";
import { opRegistry } from "../../ops/registry.js";
import { opCases } from "../../ops/testing/all-cases.js";
import type { OpCase } from "../../ops/testing/cases.js";
import { referenceOf, runKernel, worstDifference } from "../../ops/testing/run-kernel.js";
import { answer } from "./part.js";

const [cuda, cpu] = [Store.open({ device: "cuda" }), Store.open({ device: "cpu" })];

/** Two float32 results may each be off by the tolerance. */
const APART = 2;

interface Row {
  readonly op: string;
  readonly title: string;
  readonly holds: boolean;
  readonly fromReference?: number;
  readonly fromCpu?: number;
  readonly error?: string;
}

const compare = async (op: OpRow, entry: OpCase): Promise<Omit<Row, "op" | "title">> => {
  const [got, host] = [await runKernel(cuda, op, entry), await runKernel(cpu, op, entry)];
  const reference = referenceOf(op, entry);
  const worst = (of: readonly Float64Array[]): number =>
    Math.max(...of.map((expected, index) => worstDifference(expected, got[index]!)));
  const [fromReference, fromCpu] = [worst(reference), worst(host)];
  const holds = fromReference <= entry.tolerance && fromCpu <= APART * entry.tolerance;
  return { holds, fromReference, fromCpu };
};

const check = async (op: OpRow, entry: OpCase): Promise<Row> => {
  const place = { op: op.name, title: entry.title };
  try {
    return { ...place, ...(await compare(op, entry)) };
  } catch (error) {
    return { ...place, holds: false, error: error instanceof Error ? error.message : String(error) };
  }
};

const rows: Row[] = [];
for (const op of opRegistry.values())
  for (const entry of opCases[op.name] ?? []) rows.push(await check(op, entry));
await Promise.all([cuda.dispose(), cpu.dispose()]);
const failed = rows.filter(({ holds }) => !holds);
const passed = rows.length - failed.length;
answer({ holds: failed.length === 0 && passed > 0, passed, failed });
