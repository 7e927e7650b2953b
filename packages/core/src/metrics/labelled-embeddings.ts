import { TrainingError } from "../train/errors.js";

/** Rows to compare, [count, dimension] row by row; equal labels match. Cosine needs unit rows. */
export interface LabelledEmbeddings {
  readonly embedding: Float32Array;
  readonly labels: Int32Array;
}

/** Throws EMBEDDING when a row count does not fit or a number is not finite. */
export function checkEmbeddings(
  what: string,
  { embedding, labels }: LabelledEmbeddings,
  dimension: number,
): void {
  const expected = labels.length * dimension;
  if (embedding.length !== expected) {
    const message = `retrieval: ${what}: expected ${labels.length} x ${dimension} numbers, got ${embedding.length}`;
    throw new TrainingError("EMBEDDING", message, { what, expected, got: embedding.length });
  }
  let index = 0;
  while (index < expected && Number.isFinite(embedding[index])) index++;
  if (index === expected) return;
  const row = Math.floor(index / dimension);
  const message = `retrieval: ${what}: row ${row} holds ${embedding[index]}, expected finite numbers`;
  throw new TrainingError("EMBEDDING", message, { what, row });
}
