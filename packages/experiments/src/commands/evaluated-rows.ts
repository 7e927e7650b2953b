import type { EvaluationResult } from "@dualpath/core";
import { formatText } from "../report/table.js";
import { recallsOf } from "../trial/metrics.js";
import type { Recalls } from "../trial/result.js";
import { titleOf, type OtherRow } from "./against.js";

/** One gallery of a measured split; recalls in percent. */
export interface EvaluatedRow {
  readonly split: string;
  readonly gallery: string;
  readonly imageToText: Recalls & { readonly medianRank: number };
  readonly textToImage: Recalls & { readonly medianRank: number };
  readonly rsum: number;
}

/** A row for each gallery and their mean, or one row for the whole split. */
export function evaluatedRows({ split, main, full, galleries }: EvaluationResult): EvaluatedRow[] {
  const named = Object.entries(galleries);
  const all = named.length === 0 ? [["all", full] as const] : [...named, ["mean", main] as const];
  return all.map(([gallery, result]) => ({
    split,
    gallery,
    imageToText: { ...recallsOf(result.imageToText), medianRank: result.imageToText.medianRank },
    textToImage: { ...recallsOf(result.textToImage), medianRank: result.textToImage.medianRank },
    rsum: result.rsum,
  }));
}

const HEADER = [
  "gallery",
  "i2t R@1",
  "R@5",
  "R@10",
  "median",
  "t2i R@1",
  "R@5",
  "R@10",
  "median",
  "rsum",
  "split",
];

/** Measured rows as a table, others of the same split below. */
export function evaluatedTable(rows: readonly EvaluatedRow[], beside: readonly OtherRow[] = []): string {
  const cells = rows.map(({ gallery, split, imageToText: i2t, textToImage: t2i, rsum }) => [
    gallery,
    ...[i2t.r1, i2t.r5, i2t.r10, i2t.medianRank, t2i.r1, t2i.r5, t2i.r10, t2i.medianRank, rsum].map((n) =>
      n.toFixed(1),
    ),
    split,
  ]);
  return formatText({ header: HEADER, rows: [...cells, ...beside.map(otherCells)] });
}

function otherCells(row: OtherRow): string[] {
  const shown = (recalls: OtherRow["imageToText"]): string[] =>
    recalls === null
      ? ["-", "-", "-", "-"]
      : [recalls.r1, recalls.r5, recalls.r10].map((n) => n.toFixed(1)).concat("-");
  return [titleOf(row), ...shown(row.imageToText), ...shown(row.textToImage), "-", row.split];
}
