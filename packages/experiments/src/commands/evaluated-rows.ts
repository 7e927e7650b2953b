import type { EvaluationResult } from "@dualpath/core";
import { scoreColumns } from "../report/score-table.js";
import { formatText } from "../report/table.js";
import { scoresOf, type Scores } from "../trial/scores.js";
import { titleOf, type OtherRow } from "./against.js";

/** One gallery of a measured split. */
export interface EvaluatedRow extends Scores {
  readonly split: string;
  readonly gallery: string;
  readonly rsum: number;
}

/** A row for each gallery and their mean, or one row for the whole split. */
export function evaluatedRows(result: EvaluationResult): EvaluatedRow[] {
  const { split, main, full, galleries, precision } = result;
  const named = Object.entries(galleries);
  const all = named.length === 0 ? [["all", full] as const] : [...named, ["mean", main] as const];
  return all.map(([gallery, found]) => ({ split, gallery, ...scoresOf(found, precision), rsum: found.rsum }));
}

/** Measured rows as a table, others of the same split below. */
export function evaluatedTable(rows: readonly EvaluatedRow[], beside: readonly OtherRow[] = []): string {
  const scores = scoreColumns([...rows, ...beside]);
  const own = rows.map((row) => [row.gallery, ...scores.cells(row), row.rsum.toFixed(1), row.split]);
  const others = beside.map((row) => [titleOf(row), ...scores.cells(row), "-", row.split]);
  return formatText({ header: ["gallery", ...scores.header, "rsum", "split"], rows: [...own, ...others] });
}
