import type { EvaluationResult, RetrievalResult } from "@dualpath/core";
import { z } from "zod";

const recalls = z.object({ r1: z.number(), r5: z.number(), r10: z.number() });

const medians = z.object({
  medianRank: z.number().describe("VSE++'s"),
  medianRankStrict: z
    .number()
    .describe("paper A's: the first rank that more than half of the queries have hit"),
});

const precision = z.object({
  meanAveragePrecision: z.number(),
  trapezoidalPrecision: z.number().describe("mAP as paper A's code counts it"),
  inverseNegativePenalty: z.number().describe("mINP"),
});

/** What an evaluation says of a gallery: recalls and precision in percent, both median ranks. */
export const scoresSchema = z.object({
  imageToText: recalls,
  textToImage: recalls,
  medianRanks: z.object({ imageToText: medians, textToImage: medians }).optional(),
  precision: precision.optional().describe("text to image over all matches in the whole split"),
});

export type Recalls = z.infer<typeof recalls>;
export type Scores = z.infer<typeof scoresSchema>;
type Precision = z.infer<typeof precision>;

/** The scores of one gallery, with the split's precision where it was measured. */
export function scoresOf(
  { imageToText, textToImage }: RetrievalResult,
  measured?: EvaluationResult["precision"],
): Scores {
  return {
    imageToText: recallsOf(imageToText),
    textToImage: recallsOf(textToImage),
    medianRanks: { imageToText: mediansOf(imageToText), textToImage: mediansOf(textToImage) },
    ...(measured && { precision: precisionOf(measured) }),
  };
}

type Summary = RetrievalResult["imageToText"];
const recallsOf = ({ r1, r5, r10 }: Summary): Recalls => ({ r1, r5, r10 });
const mediansOf = ({ medianRank, medianRankStrict }: Summary) => ({ medianRank, medianRankStrict });
const precisionOf = (measured: Precision): Precision => ({
  meanAveragePrecision: measured.meanAveragePrecision,
  trapezoidalPrecision: measured.trapezoidalPrecision,
  inverseNegativePenalty: measured.inverseNegativePenalty,
});

/** Means of every number; medians and precision only where all rows have them. Throws RangeError for no rows. */
export function meanScores(rows: readonly Scores[]): Scores {
  if (rows.length === 0) throw new RangeError("meanScores: no rows to average");
  const medianRanks = all(rows.map((row) => row.medianRanks));
  const precisions = all(rows.map((row) => row.precision));
  return {
    imageToText: meanOf(rows.map(({ imageToText }) => imageToText)),
    textToImage: meanOf(rows.map(({ textToImage }) => textToImage)),
    ...(medianRanks && {
      medianRanks: {
        imageToText: meanOf(medianRanks.map(({ imageToText }) => imageToText)),
        textToImage: meanOf(medianRanks.map(({ textToImage }) => textToImage)),
      },
    }),
    ...(precisions && { precision: meanOf(precisions) }),
  };
}

function all<T>(values: readonly (T | undefined)[]): readonly T[] | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? known : undefined;
}

function meanOf<Numbers extends Record<keyof Numbers, number>>(parts: readonly Numbers[]): Numbers {
  const keys = Object.keys(parts[0]!) as (keyof Numbers)[];
  const mean = (key: keyof Numbers): number => parts.reduce((sum, part) => sum + part[key], 0) / parts.length;
  return Object.fromEntries(keys.map((key) => [key, mean(key)])) as Numbers;
}
