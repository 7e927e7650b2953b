import { DatasetError } from "../errors.js";

/** How a file of proposals gives its boxes. */
export interface ProposalForm {
  /** "corners": left, top, right, bottom. "size": left, top, width, height, as EdgeBoxes writes them. */
  readonly form: "corners" | "size";
  /** Coordinate of the first pixel: 1 in MATLAB and in the annotations, 0 in Python. */
  readonly base: 0 | 1;
  /** Take the first boxes only. */
  readonly most?: number;
}

/** A table of numbers, row by row. */
export interface NumberTable {
  readonly rows: number;
  readonly columns: number;
  readonly at: (row: number, column: number) => number;
}

/**
 * Boxes as float32 [N, 4]: left, top, right, bottom, 1-based and inclusive. More columns, such as scores, are
 * left out. Errors: `FILE_FORMAT`, naming file and row.
 */
export function proposalBoxes(
  file: string,
  table: NumberTable,
  { form, base, most }: ProposalForm,
): Float32Array {
  const refuse = (what: string) =>
    new DatasetError("FILE_FORMAT", `${file}: ${what}; check form and base, or compute the proposals again`, {
      file,
    });
  if (table.rows > 0 && table.columns < 4) throw refuse(`expected 4 columns or more, got ${table.columns}`);
  const count = Math.min(table.rows, most ?? Infinity);
  const boxes = new Float32Array(count * 4);
  for (let row = 0; row < count; row++) {
    const left = table.at(row, 0) + 1 - base;
    const top = table.at(row, 1) + 1 - base;
    const right = form === "size" ? left + table.at(row, 2) - 1 : table.at(row, 2) + 1 - base;
    const bottom = form === "size" ? top + table.at(row, 3) - 1 : table.at(row, 3) + 1 - base;
    // Not-a-number fails the comparisons.
    if (!(right >= left && bottom >= top && Math.abs(left + top + right + bottom) < Infinity))
      throw refuse(`proposal ${row} is no box (${[left, top, right, bottom].join(", ")})`);
    boxes.set([left, top, right, bottom], row * 4);
  }
  return boxes;
}
