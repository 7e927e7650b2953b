import type { ProgramDescription } from "@dualpath/cuda-kernels";
import { opRegistry } from "../ops/registry.js";
import { gradientScope } from "./differentiate.js";
import { namedInputs } from "./op.js";
import {
  elementCount,
  formatType,
  reservedBytes,
  type Plan,
  type PlanNode,
  type TensorType,
} from "./types.js";

/** One node of a plan. */
export interface ExplanationRow {
  readonly name: string;
  readonly op: string;
  /** Type of the first output, as `f32[32, 56, 56, 64]`. */
  readonly type: string;
  /** Bytes reserved for the outputs that live in the arena. */
  readonly bytes: number;
  /** Bytes of all inputs and outputs: what the node reads and writes at least. */
  readonly traffic: number;
  readonly flops: number;
  /** What runs it; empty when only the plan is known. */
  readonly kernel: string;
  readonly pass: "forward" | "backward" | "update";
}

/** What a plan consists of: every node, and totals in bytes, FLOPs and numbers. */
export interface Explanation {
  readonly plan: string;
  /** Where it runs, and why there; empty when only the plan is known. */
  readonly device: string;
  /** How products are computed, and why so where something else was asked for. */
  readonly precision: string;
  readonly rows: readonly ExplanationRow[];
  readonly totals: {
    /** Numbers in the store values that the plan reads or updates, optimizer state included. */
    readonly storedNumbers: number;
    /** Numbers in stored values that some node outside of the update reads. */
    readonly parameters: number;
    readonly forwardFlops: number;
    readonly backwardFlops: number;
    readonly updateFlops: number;
    readonly arenaBytes: number;
    readonly scratchBytes: number;
    readonly storeBytes: number;
  };
}

/**
 * What a plan does and costs in bytes and FLOPs, before anything runs; with `description` also its kernels
 * and exact scratch bytes. A multiply-add counts as two FLOPs.
 */
export const explain = (
  plan: Plan,
  description?: ProgramDescription,
  { device = "", precision = "f32" }: { readonly device?: string; readonly precision?: string } = {},
): Explanation => {
  const kernels = new Map(description?.nodes.map(({ name, kernel }) => [name, kernel]));
  const rows = plan.nodes.map((node) => explainNode(plan, node, kernels.get(node.name) ?? ""));
  const flopsOf = (pass: ExplanationRow["pass"]): number =>
    rows.reduce((sum, row) => sum + (row.pass === pass ? row.flops : 0), 0);
  return {
    plan: plan.name,
    device,
    precision,
    rows,
    totals: {
      ...storedTotals(plan),
      forwardFlops: flopsOf("forward"),
      backwardFlops: flopsOf("backward"),
      updateFlops: flopsOf("update"),
      arenaBytes: plan.arenaBytes,
      scratchBytes: description?.scratchBytes ?? 0,
    },
  };
};

/** The explanation as a text table, one line per node in MB (2^20 bytes) and MFLOP (10^6), totals below. */
export const formatExplanation = ({ plan, device, precision, rows, totals }: Explanation): string => {
  const cells = rows.map((row) => [
    row.name,
    row.op,
    row.type,
    megabytes(row.bytes),
    mega(row.flops),
    row.kernel,
  ]);
  const header = ["node", "op", "output", "MB", "MFLOP", "kernel"];
  const table = formatTable([header, ...cells]);
  const { forwardFlops, backwardFlops, updateFlops } = totals;
  return [
    ...table,
    "",
    `plan ${plan}: ${rows.length} nodes${device === "" ? "" : ` on ${device}`}`,
    `precision ${precision}`,
    `parameters ${totals.parameters.toLocaleString("en")}, stored numbers ${totals.storedNumbers.toLocaleString("en")}`,
    `FLOPs forward ${giga(forwardFlops)} G, backward ${giga(backwardFlops)} G, update ${giga(updateFlops)} G`,
    `bytes arena ${totals.arenaBytes}, scratch ${totals.scratchBytes}, store ${totals.storeBytes}`,
  ].join("\n");
};

const explainNode = (plan: Plan, node: PlanNode, kernel: string): ExplanationRow => {
  const [inputs, outputs] = [
    node.inputs.map((id) => typeAt(plan, id)),
    node.outputs.map((id) => typeAt(plan, id)),
  ];
  const op = opRegistry.get(node.op);
  const [first] = outputs as [TensorType];
  const bytes = node.outputs
    .filter((id) => plan.values[id]?.place.kind === "arena")
    .map((id) => typeAt(plan, id));
  return {
    name: node.name,
    op: node.op,
    type: formatType(first),
    bytes: totalBytes(bytes),
    traffic: totalBytes([...inputs, ...outputs]),
    flops: op?.flops?.(namedInputs(op, inputs), node.attrs, outputs) ?? elementCount(first.shape),
    kernel,
    pass: op?.updates ? "update" : node.name.startsWith(`${gradientScope}.`) ? "backward" : "forward",
  };
};

const storedTotals = (plan: Plan): { storedNumbers: number; parameters: number; storeBytes: number } => {
  const stored = [...plan.values.entries()].filter(([, { place }]) => place.kind === "store");
  const readers = plan.nodes.filter((node) => opRegistry.get(node.op)?.updates === undefined);
  const read = new Set(readers.flatMap(({ inputs }) => inputs));
  const numbers = (values: typeof stored): number =>
    values.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
  return {
    storedNumbers: numbers(stored),
    parameters: numbers(stored.filter(([id]) => read.has(id))),
    storeBytes: stored.reduce((sum, [, value]) => sum + reservedBytes(value), 0),
  };
};

const totalBytes = (types: readonly TensorType[]): number =>
  types.reduce((sum, type) => sum + reservedBytes(type), 0);

const typeAt = (plan: Plan, id: number): TensorType => plan.values[id] as TensorType;

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2);
const mega = (flops: number): string => (flops / 1e6).toFixed(2);
const giga = (flops: number): string => (flops / 1e9).toFixed(3);

const formatTable = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => column === 3 || column === 4;
  return rows.map((row) =>
    row
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
};
