import type { TrialPlan } from "../space/plan.js";
import { describePoint, shortKey } from "../space/plan.js";
import type { Objective } from "../space/schema.js";
import type { TrialState } from "../sweep/journal.js";
import { requireSameSplit } from "./same-split.js";

/** A trial with what came of it. */
export interface TrialRow {
  readonly plan: TrialPlan;
  readonly state: TrialState;
  readonly metrics: Readonly<Record<string, number>>;
  /** What it was measured on, once it is finished. */
  readonly split?: string;
}

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The rows from best to worst objective; those without one come last, ties in the order of the plan. */
export function ranked(rows: readonly TrialRow[], { metric, direction }: Objective): TrialRow[] {
  const sign = direction === "maximize" ? -1 : 1;
  const rank = ({ metrics }: TrialRow): number => {
    const value = metrics[metric];
    return value === undefined || Number.isNaN(value) ? Infinity : sign * value;
  };
  const order = (one: TrialRow, other: TrialRow): number => {
    const [left, right] = [rank(one), rank(other)];
    return left === right ? one.plan.index - other.plan.index : left - right;
  };
  return [...rows].sort(order);
}

/**
 * The table of a sweep's trials: values of the point, the objective, the further metrics, the state and the split.
 * Throws SPLIT_MISMATCH where trials were measured on different splits, which have no common order.
 */
export function trialTable(
  rows: readonly TrialRow[],
  objective: Objective,
  further: readonly string[] = [],
): Table {
  const measured = rows.flatMap(({ plan, split }) =>
    split === undefined ? [] : [{ what: describePoint(plan.point) || plan.id, split }],
  );
  requireSameSplit(measured, "any");
  const metrics = [...new Set([objective.metric, ...further])].filter(
    (metric) => metric === objective.metric || rows.some((row) => metric in row.metrics),
  );
  const coordinates = [...new Set(rows.flatMap(({ plan }) => Object.keys(plan.point)))];
  const point = Object.fromEntries(coordinates.map((key) => [key, true]));
  const splits = measured.length > 0 ? ["split"] : [];
  const line = ({ plan, state, metrics: values, split }: TrialRow, position: number): string[] => [
    String(position + 1),
    plan.id,
    ...coordinates.map((key) => cell(plan.point[key])),
    ...metrics.map((metric) => number(values[metric])),
    state,
    ...splits.map(() => split ?? "-"),
  ];
  return {
    header: ["#", "trial", ...coordinates.map((key) => shortKey(key, point)), ...metrics, "state", ...splits],
    rows: ranked(rows, objective).map(line),
  };
}

const DECIMALS = 2;
const number = (value: number | undefined): string => (value === undefined ? "-" : value.toFixed(DECIMALS));
const cell = (value: unknown): string =>
  value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value);

/** Columns padded with spaces, for a terminal; columns of numbers are set to the right. */
export function formatText(table: Table): string {
  const lines = [table.header, ...table.rows];
  const columns = table.header.map((_, column) => lines.map((line) => line[column] ?? ""));
  const widths = columns.map((cells) => Math.max(...cells.map(({ length }) => length)));
  const right = columns.map((cells) =>
    cells.slice(1).every((text) => text === "-" || !Number.isNaN(Number(text))),
  );
  const pad = (text: string, column: number): string =>
    right[column] === true ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

/** The same as a Markdown table. */
export function formatMarkdown(table: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(table.header), line(table.header.map(() => "---")), ...table.rows.map(line)].join("\n");
}
