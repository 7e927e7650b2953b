import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import type { Experiment } from "../config/experiment.js";
import { ExperimentError, messageOf } from "../errors.js";
import { requireSameSplit, splitKind, type MeasuredOn } from "../report/same-split.js";
import { scoresSchema } from "../trial/scores.js";
import { publishedRow } from "./reproduce.js";

/** Rows that `evaluate --json` and `reproduce --json` write. */
const otherRowsSchema = z
  .array(
    z.object({
      name: z.string().optional(),
      gallery: z.string().optional(),
      seed: z.union([z.number(), z.string()]).optional(),
      split: z.string(),
      ...scoresSchema.shape,
      imageToText: scoresSchema.shape.imageToText.nullable(),
      textToImage: scoresSchema.shape.textToImage.nullable(),
    }),
  )
  .min(1);

/** A row measured or published elsewhere, to stand beside those of an evaluation. */
export type OtherRow = z.infer<typeof otherRowsSchema>[number];

/** `--against`: the published rows of the trial's config, or those of a JSON file. Throws USAGE where there are none. */
export function readOtherRows(against: string, { report }: Experiment): readonly OtherRow[] {
  if (against !== "published") return readRows(resolve(against));
  if (report.published.length > 0) return report.published.map(publishedRow);
  const message = "--against published: the trial's config has no report.published rows; name a JSON file.";
  throw new ExperimentError("USAGE", message);
}

function readRows(file: string): readonly OtherRow[] {
  const fail = (problem: string): never => {
    const message = `--against: ${file}: ${problem}; name a file that evaluate --json or reproduce --json has written.`;
    throw new ExperimentError("USAGE", message, { file });
  };
  if (!existsSync(file)) return fail("there is no such file");
  try {
    return otherRowsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    return fail(error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error));
  }
}

/**
 * The rows that were measured on the split, or on one drawn by the same rule. Throws SPLIT_MISMATCH, naming both,
 * where none was.
 */
export function comparableRows(measured: MeasuredOn, others: readonly OtherRow[]): readonly OtherRow[] {
  const same = others.filter(({ split }) => splitKind(split) === splitKind(measured.split));
  const remedy = "Name the other's split with --split, or leave --against out.";
  if (same.length === 0)
    requireSameSplit(
      [measured, ...others.map((row) => ({ what: titleOf(row), split: row.split }))],
      "any",
      remedy,
    );
  return same;
}

/** What a row is called in a table. */
export const titleOf = ({ name, gallery, seed }: OtherRow): string =>
  [name ?? gallery ?? "row", seed].filter((part) => part !== undefined).join(", ");
