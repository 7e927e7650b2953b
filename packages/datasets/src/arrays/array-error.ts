import { DatasetError } from "../errors.js";

/** The error of an array file that is damaged or of a kind that is not read. */
export function arrayError(file: string, what: string, remedy = "write the file again"): DatasetError {
  return new DatasetError("FILE_FORMAT", `${file}: ${what}; ${remedy}`, { file });
}

/** Number of elements of a shape; undefined where it is not a safe integer. */
export function elementCount(shape: readonly number[]): number | undefined {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Number.isSafeInteger(count) ? count : undefined;
}
